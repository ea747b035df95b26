import type { Problem } from "../service/problem";
import type { WatchedColumn } from "./watched";
import { suspicionsOf } from "./detect";
import type { SuspicionKind } from "./suspicion";

const LOOKS: Readonly<Record<SuspicionKind, readonly [looks: string, advice: string]>> = {
  email: ["e-mail addresses", "tag it contact.email"],
  ssn: ["social security numbers", "tag it gov.ssn"],
  card: ["card numbers", "tag it fin.card"],
  phone: ["phone numbers", "tag it contact.phone"],
  names: ["names of people", "tag it person.name"],
  prose: ["texts that somebody wrote", "tag it text.free"],
  distinct: ["identifiers, hardly one like another", "tag it id.text"],
};

/** Strings of a sample of what is kept. */
export interface Sampled {
  readonly watched: WatchedColumn;
  readonly values: readonly string[];
}

/**
 * What nobody has acknowledged, in names, kinds and shares; one problem for each kind and place in the rules, with the
 * largest share of a table's partitions.
 */
export function watchProblems(samples: readonly Sampled[]): readonly Problem[] {
  const found = new Map<string, { readonly share: number; readonly problem: Problem }>();
  for (const { watched, values } of samples) {
    for (const { kind, share } of suspicionsOf(values, watched.isNumber)) {
      if (watched.acknowledged.includes(kind)) continue;
      const key = JSON.stringify([watched.path, kind]);
      if (share <= (found.get(key)?.share ?? 0)) continue;
      const [looks, advice] = LOOKS[kind];
      const problem: Problem = {
        path: watched.path,
        got: `values that look like ${looks}, ${shareText(share)} of a sample of ${values.length}`,
        allowed: "values that belong to no person, where they are kept",
        advice: `${advice}, or look at them and write acknowledged: [${[...watched.acknowledged, kind].join(", ")}]`,
      };
      found.set(key, { share, problem });
    }
  }
  return [...found.values()].map(({ problem }) => problem);
}

const shareText = (share: number): string => (share < 0.01 ? "under 1 %" : `${Math.round(share * 100)} %`);
