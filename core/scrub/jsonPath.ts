/**
 * Reads the scalars of documents at a path of their rules, as texts. `*` is each element of a list, and each key of a map
 * that no rule names. The empty path is a document that is a scalar itself.
 * @param paths of all rules of the document
 */
export function scalarReader(path: string, paths: readonly string[]): (document: unknown) => readonly string[] {
  const keys = stepsOf(path);
  const others = paths.map(stepsOf);
  const steps = keys.map((key, depth) => ({ key, named: key === "*" ? namedBelow(keys.slice(0, depth), others) : [] }));
  return (document) =>
    steps
      .reduce<readonly unknown[]>(
        (found, { key, named }) => found.flatMap((value) => stepInto(value, key, named)),
        [document],
      )
      .flatMap((value) =>
        typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [String(value)] : [],
      );
}

const stepsOf = (path: string): readonly string[] => (path === "" ? [] : path.split("."));

/** Keys that rules name right below a path. */
const namedBelow = (above: readonly string[], paths: readonly (readonly string[])[]): readonly string[] =>
  paths
    .filter((steps) => above.every((key, index) => steps[index] === key))
    .flatMap((steps) => steps.slice(above.length, above.length + 1))
    .filter((key) => key !== "*");

function stepInto(value: unknown, key: string, named: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return key === "*" ? value : [];
  if (typeof value !== "object" || value === null) return [];
  if (key !== "*") return Object.hasOwn(value, key) ? [Reflect.get(value, key)] : [];
  return Object.entries(value)
    .filter(([own]) => !named.includes(own))
    .map(([, below]: [string, unknown]) => below);
}
