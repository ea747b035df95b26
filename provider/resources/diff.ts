import { canonicalJson } from "../../core/canonicalJson";
import { reveal, type DiffResult, type Properties, type PropertyDiff, type Value } from "../../platform/rpc";

/** What changes a resource in place, and what makes another one of it. */
export interface ComparedKeys {
  readonly update: readonly string[];
  /** Default none. */
  readonly replace?: readonly string[];
}

/** Whether two values say the same, secret or not, in whatever order their keys are; nothing is the same as null. */
export const sameJson = (a: Value | undefined, b: Value | undefined): boolean =>
  canonicalJson(reveal(a) ?? null) === canonicalJson(reveal(b) ?? null);

/** The answer to Diff of a resource that is compared by some of its keys. Keys that are not named change nothing. */
export function diffOf(olds: Properties, news: Properties, { update, replace = [] }: ComparedKeys): DiffResult {
  const differs = (key: string) => !sameJson(olds[key], news[key]);
  const replaces = replace.filter(differs);
  const detailed: [string, PropertyDiff][] = [
    ...update.filter(differs).map((key): [string, PropertyDiff] => [key, { kind: "update" }]),
    ...replaces.map((key): [string, PropertyDiff] => [key, { kind: "update-replace" }]),
  ];
  return { changes: detailed.length > 0, replaces, detailed: Object.fromEntries(detailed) };
}
