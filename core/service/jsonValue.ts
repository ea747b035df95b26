export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export function isJsonValue(value: unknown): value is JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJsonValue);
  return typeof value === "object" && Object.values(value).every(isJsonValue);
}

export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (isList(a) || isList(b)) {
    return isList(a) && isList(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i] ?? null));
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null))
  );
}

export const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** Steps of a path such as `result.reasons[0]` or `result["policy.version"]`; undefined if it is no path. */
export function parseJsonPath(path: string): readonly (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  const step = /^(?:\.?([A-Za-z_$][\w$-]*)|\.(\d+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\])/;
  let rest = path;
  while (rest !== "") {
    if (steps.length === 0 && rest.startsWith(".")) return undefined;
    const match = step.exec(rest);
    if (match === null) return undefined;
    const [whole, name, dotted, bracketed, quoted] = match;
    if (steps.length > 0 && name !== undefined && !whole.startsWith(".")) return undefined;
    const index = dotted ?? bracketed;
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(quoted.replace(/\\(.)/g, "$1"));
    rest = rest.slice(whole.length);
  }
  return steps.length === 0 ? undefined : steps;
}

/** What stands at `steps`; undefined if nothing does. */
export function valueAtPath(document: JsonValue, steps: readonly (string | number)[]): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const step of steps) {
    if (value === undefined || value === null || typeof value !== "object") return undefined;
    if (isList(value)) value = typeof step === "number" ? value[step] : undefined;
    else value = Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}
