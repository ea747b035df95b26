import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { type ServiceDefinition, serviceDefinitionSchema } from "./definition";
import { fail, type Problem, problemsOf, problemText, type Result, succeed } from "./problem";

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a service.yaml. Every problem at once, each beginning with file and line. */
export const parseService = (text: string, filename: string): Parsed<ServiceDefinition> =>
  parseYaml(text, filename, read);

/** Reads a YAML file by `read`. Every problem at once, each beginning with file and line. */
export function parseYaml<T>(
  text: string,
  filename: string,
  read: (document: Document.Parsed) => Result<T>,
): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return `${filename}:${line}:${col}: not valid YAML: ${error.message}`;
      }),
    };
  }
  const parsed = read(document);
  if (parsed.ok) return parsed;
  return {
    ok: false,
    problems: parsed.problems
      .map((problem) => ({ problem, line: lineOf(document, lines, problem.path) }))
      .sort((a, b) => a.line - b.line)
      .map(({ problem, line }) => `${filename}:${line}: ${problemText(problem)}`),
  };
}

function read(document: Document.Parsed): Result<ServiceDefinition> {
  const value: unknown = document.toJS();
  const parsed = serviceDefinitionSchema.safeParse(value);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error, value)),
    ...roundedNumbers(document),
    ...namedTwice(value),
  ];
  return parsed.success && problems.length === 0 ? succeed(parsed.data) : fail(problems);
}

/** `VERSION: 1.10` would silently become the text 1.1. */
function roundedNumbers(document: Document): readonly Problem[] {
  return [["env"], ["migrations", "env"], ["image", "buildArgs"]].flatMap((path) => {
    const map = document.getIn(path, true);
    if (!isMap(map)) return [];
    return map.items.flatMap(({ key, value }) => {
      if (!isScalar(key) || !isScalar(value) || typeof value.value !== "number") return [];
      if (value.source === undefined || value.source === String(value.value)) return [];
      return [
        {
          path: [...path, String(key.value)],
          got: `the number ${value.source}, which would be read as ${value.value}`,
          allowed: "a text, number or boolean",
          advice: `put it in quotes: "${value.source}"`,
        },
      ];
    });
  });
}

/** A variable is either plain or from a Secret. */
export function namedTwice(service: unknown, root: readonly (string | number)[] = []): readonly Problem[] {
  const env = keysOf(service, "env");
  return keysOf(service, "secrets")
    .filter((name) => env.includes(name))
    .map((name) => ({
      path: [...root, "secrets", name],
      got: `${name} under env and under secrets`,
      allowed: "each variable once",
      advice: "remove one of the two",
    }));
}

function keysOf(service: unknown, section: "env" | "secrets"): readonly string[] {
  if (typeof service !== "object" || service === null) return [];
  const map: unknown = Reflect.get(service, section);
  return typeof map === "object" && map !== null ? Object.keys(map) : [];
}

/** Line of what stands at `path`, or of the innermost thing around it. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === path[depth - 1])
      : undefined;
    const node: unknown = pair === undefined ? document.getIn(path.slice(0, depth), true) : pair.key;
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
