import { bestName, type Finding, type Secret, type Vulnerability } from "./finding";
import { worse } from "./severity";

/** A finding with the scanners that made it. */
export type Found = Finding & { readonly by: readonly string[] };

export interface SaidBy {
  readonly scanner: { readonly name: string };
  readonly findings: readonly Finding[];
}

/**
 * The findings of several scanners, each once: weaknesses that share a name and are in the same version of the same package,
 * secrets of one rule in one line of a file. The worst of what is said of a weakness counts.
 */
export function mergeFindings(said: readonly SaidBy[]): readonly Found[] {
  const merged: Found[] = [];
  for (const { scanner, findings } of said)
    for (const finding of findings) {
      const at = merged.findIndex((one) => same(one, finding));
      const before = merged[at];
      if (before === undefined) merged.push({ ...finding, by: [scanner.name] });
      else merged[at] = { ...joined(before, finding), by: [...new Set([...before.by, scanner.name])] };
    }
  return merged;
}

function same(a: Finding, b: Finding): boolean {
  if (a.kind === "secret") return b.kind === "secret" && a.id === b.id && a.where === b.where && a.line === b.line;
  if (b.kind === "secret") return false;
  return a.package === b.package && a.version === b.version && a.names.some((name) => b.names.includes(name));
}

function joined(a: Finding, b: Finding): Vulnerability | Secret {
  if (a.kind === "secret" || b.kind === "secret") return a;
  const names = union(a.names, b.names);
  return { ...a, ...worse(a, b), id: bestName(names), names, fixed: union(a.fixed, b.fixed) };
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].sort();
