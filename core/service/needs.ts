import { z } from "zod";
import { contractVersion } from "./contract";
import { field, mapOf, mapWith, readBy, text } from "./field";
import { SERVICE_NAME } from "./names";
import type { SmokeTest } from "./smoke";

/** What a service relies on of another one of its stack. */
export interface Need {
  /** Contract version that its answers must keep. @default any */
  readonly contract?: string;
  /** Requests with the answers that are relied on; asked of every release of the needed service. */
  readonly examples: readonly SmokeTest[];
}

const examplesFile = field(
  {
    allowed: "a path from service.yaml to a YAML file with requests and answers",
    advice: "write for example contracts/drought-benefit.yaml, inside the folder of service.yaml",
  },
  (value) =>
    typeof value === "string" && /^[^/~\\\0][^\\\0]*\.ya?ml$/.test(value) && !value.split("/").includes("..")
      ? value
      : undefined,
);

const needed = mapWith({ contract: contractVersion.exactOptional(), examples: examplesFile.exactOptional() });

const byName = mapOf(
  { ...SERVICE_NAME, advice: "name a service as hms:services of the stack file does" },
  needed.nullable().transform((value) => value ?? {}),
);

const FORM = {
  allowed: "the name of a service, a list of names, or a map from names to contract and examples",
  advice: 'write needs: drought-benefit, or needs: { drought-benefit: { contract: "1.0" } }',
};

const name = text({ ...SERVICE_NAME, advice: FORM.advice });
const oneName = name.transform((only) => [only]);
const severalNames = z
  .array(name)
  .min(1, { error: "at least one name; leave needs out when no other service is needed" });

/** What a service.yaml says of each needed service; `examples` is still the path of a file. */
export type DeclaredNeeds = Readonly<Record<string, z.output<typeof needed>>>;

/** Services of the same stack, by name: each must be live, by that contract, before this one gets traffic. */
export const needsSchema = z.unknown().transform((value, context): DeclaredNeeds => {
  if (typeof value === "string" || Array.isArray(value)) {
    const names = readBy(typeof value === "string" ? oneName : severalNames, value, context);
    return names === undefined ? z.NEVER : Object.fromEntries(names.map((name) => [name, {}]));
  }
  if (typeof value !== "object" || value === null) {
    context.addIssue({ code: "custom", params: FORM });
    return z.NEVER;
  }
  return readBy(byName, value, context) ?? z.NEVER;
});

/** Service -> names of those it needs. */
export type NeedGraph = ReadonlyMap<string, readonly string[]>;

/** Names in an order in which each comes after what it needs. Of a circle somebody comes first; see `needCircles`. */
export function inNeedOrder(graph: NeedGraph): string[] {
  const ordered = new Set<string>();
  const visit = (name: string, waiting: readonly string[]): void => {
    if (ordered.has(name) || waiting.includes(name)) return;
    for (const other of graph.get(name) ?? []) if (graph.has(other)) visit(other, [...waiting, name]);
    ordered.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return [...ordered];
}

/** Circles of needs, each once and as the names along it, the first of them in order; itself alone is one of length 1. */
export function needCircles(graph: NeedGraph): string[][] {
  const circles = new Map<string, string[]>();
  const visit = (name: string, way: readonly string[]): void => {
    const seen = way.indexOf(name);
    if (seen >= 0) {
      const circle = way.slice(seen);
      const first = circle.indexOf([...circle].sort()[0] ?? "");
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      circles.set(turned.join(" "), turned);
      return;
    }
    if (done.has(name)) return;
    for (const other of graph.get(name) ?? []) visit(other, [...way, name]);
    done.add(name);
  };
  const done = new Set<string>();
  for (const name of [...graph.keys()].sort()) visit(name, []);
  return [...circles.values()];
}
