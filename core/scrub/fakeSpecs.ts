import type { CatalogColumn } from "./catalog";
import type { JsonRule } from "./columnRule";
import { isFake, rangeOf } from "./fit";
import { endText, groupsOf } from "./foreignKeyGroups";
import type { Pair } from "./foreignKeys";
import type { FakeSpec } from "./plan";
import { relationText } from "./relationName";
import type { Surveyed } from "./survey";
import type { FakeTag } from "./tags";

/** How fakes of each column have to look, so that whatever was equal before is equal after. */
export interface FakeSpecs {
  ofColumn(surveyed: Surveyed, column: CatalogColumn, rule: FakeRule): FakeSpec;
  ofJson(rule: FakeRule): FakeSpec;
}

interface FakeRule {
  readonly tag: FakeTag;
  readonly form?: "token" | "reserved";
}

interface Limits {
  readonly maxLength: number | null;
  readonly range: readonly [min: bigint, max: bigint] | undefined;
}

/** Whole numbers that JSON readers agree on. */
const JSON_RANGE = [-(2n ** 53n) + 1n, 2n ** 53n - 1n] as const;

/**
 * A tag is unique everywhere once one of its columns is: elsewhere its fakes must be the same ones. Columns that foreign
 * keys join share the narrowest of their limits, for the same reason.
 */
export function fakeSpecs(all: readonly Surveyed[], pairs: readonly Pair[]): FakeSpecs {
  const groups = groupsOf(pairs);
  const groupOf = ({ relation }: Surveyed, { name }: CatalogColumn): string => {
    const own = endText({ table: relationText(relation), column: name });
    return groups.get(own) ?? own;
  };
  const unique = new Set<FakeTag>();
  const limits = new Map<string, Limits>();
  for (const surveyed of all) {
    const keyed = new Set(
      [surveyed.relation, ...surveyed.leaves].flatMap(({ keys }) => keys.flatMap((key) => key.columns)),
    );
    for (const column of surveyed.relation.columns) {
      const tag = surveyed.rules.columns.get(column.name)?.tag;
      if (tag === undefined || !isFake(tag) || surveyed.leaves.length === 0) continue;
      if (keyed.has(column.name)) unique.add(tag);
      const group = groupOf(surveyed, column);
      limits.set(group, narrower(limits.get(group), limitsOf(column)));
    }
  }
  const spec = ({ tag, form }: FakeRule, { maxLength, range }: Limits): FakeSpec => ({
    tag,
    unique: unique.has(tag),
    maxLength,
    ...(range === undefined ? {} : { range }),
    ...(tag === "gov.ssn" ? { ssn: form ?? "token" } : {}),
  });
  return {
    ofColumn: (surveyed, column, rule) => spec(rule, limits.get(groupOf(surveyed, column)) ?? limitsOf(column)),
    ofJson: (rule) => spec(rule, { maxLength: null, range: rule.tag === "id.integer" ? JSON_RANGE : undefined }),
  };
}

const limitsOf = ({ type }: CatalogColumn): Limits => ({ maxLength: type.maxLength, range: rangeOf(type) });

function narrower(one: Limits | undefined, other: Limits): Limits {
  if (one === undefined) return other;
  const lengths = [one.maxLength, other.maxLength].filter((length) => length !== null);
  const ranges = [one.range, other.range].filter((range) => range !== undefined);
  const range = ranges.reduce<Limits["range"]>(
    (least, each) => (least === undefined || each[1] < least[1] ? each : least),
    undefined,
  );
  return { maxLength: lengths.length === 0 ? null : Math.min(...lengths), range };
}

export const isFakeRule = (rule: JsonRule): rule is JsonRule & FakeRule => isFake(rule.tag);
