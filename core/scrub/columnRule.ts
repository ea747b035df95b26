import { z } from "zod";
import { anyText, field, mapOf, mapWith, oneOf, readBy, scalarText } from "../service/field";
import { closest } from "../service/closest";
import { SUSPICIONS } from "./suspicion";
import { FAKE_TAGS, type FakeTag, type QuasiTag, type Tag, TAGS } from "./tags";

/** What a service says of one column. */
export type ColumnRule =
  | (Changing & { readonly tag: FakeTag; readonly form?: "token" | "reserved" })
  | (Changing & { readonly tag: Exclude<QuasiTag, "quasi.category"> })
  | (Changing & { readonly tag: "text.free"; readonly how: "replace" | "rewrite" })
  | (Changing & { readonly tag: "json"; readonly paths: ReadonlyMap<string, JsonRule> })
  | (Changing & { readonly tag: "drop"; readonly literal?: string })
  | (Kept & { readonly tag: "quasi.category" })
  | (Kept & Approved & { readonly tag: "public" });

/** What a service says of a scalar in a JSON document. */
export type JsonRule =
  | { readonly tag: FakeTag; readonly form?: "token" | "reserved" }
  | { readonly tag: "text.free"; readonly how: "replace" | "rewrite" }
  | { readonly tag: "drop" }
  | (Approved & { readonly tag: "public"; readonly acknowledged: readonly Suspicion[] });

interface Changing {
  /** Constraints that hold for what the tag makes of the values; somebody has thought of each. */
  readonly holds: readonly string[];
}

interface Kept {
  /** Type that was looked at when it was decided to keep the values. */
  readonly type?: string;
  readonly acknowledged: readonly Suspicion[];
}

interface Approved {
  /** @default the table's owner, else the file's */
  readonly owner?: string;
  readonly reason: string;
}

type Suspicion = (typeof SUSPICIONS)[number];

const listOf = <Item extends z.core.SomeType>(item: Item, advice: string) =>
  z.array(item, { error: `a list; ${advice}` });

const holds = listOf(
  anyText("write the name of a constraint"),
  "write the names of constraints as [first, second]",
).default([]);

const acknowledged = listOf(
  oneOf(SUSPICIONS, "write what the values look like without being it"),
  "write as [names, prose] what the values look like without being it",
).default([]);

export const owner = anyText("name the people who answer for it");
export const reason = anyText("say why nobody is harmed by it");

const form = oneOf(["token", "reserved"], "leave it out for token: letters that no scanner takes for a number");
const how = oneOf(["replace", "rewrite"], "leave it out for replace: filler of the same length").default("replace");
const type = anyText("write the column's type as PostgreSQL names it, such as text or integer");

const tagged = <T extends string, Shape extends z.core.$ZodLooseShape>(tag: T, shape: Shape) =>
  mapWith({ tag: z.literal(tag), ...shape });

const isFake = (tag: Tag): tag is FakeTag => FAKE_TAGS.some((fake) => fake === tag);

/** Keys of the rule beside the tag follow from the tag. */
function jsonRuleSchema(tag: Tag): z.ZodType<JsonRule> | undefined {
  if (tag === "gov.ssn") return tagged(tag, { form: form.exactOptional() });
  if (isFake(tag) || tag === "drop") return tagged(tag, {});
  if (tag === "text.free") return tagged(tag, { how });
  if (tag === "public") return tagged(tag, { owner: owner.exactOptional(), reason, acknowledged });
  return undefined;
}

function columnRuleSchema(tag: Tag): z.ZodType<ColumnRule> {
  switch (tag) {
    case "gov.ssn":
      return tagged(tag, { form: form.exactOptional(), holds });
    case "text.free":
      return tagged(tag, { how, holds });
    case "json":
      return tagged(tag, { paths, holds });
    case "drop":
      return tagged(tag, {
        literal: scalarText("write the value that every row is to have; never one of a person").exactOptional(),
        holds,
      });
    case "quasi.category":
      return tagged(tag, { type: type.exactOptional(), acknowledged });
    case "public":
      return tagged(tag, { owner: owner.exactOptional(), reason, type: type.exactOptional(), acknowledged });
    default:
      return tagged(tag, { holds });
  }
}

const TAG_ADVICE = "write what the values are, as `tag` or as { tag: …, … }";

/** A rule is a tag alone, or a map of it and its options; the tag decides which options there are. */
function ruleBy<Rule>(tags: readonly Tag[], schemaOf: (tag: Tag) => z.ZodType<Rule> | undefined) {
  // A file has thousands of rules, and a schema takes its time to make.
  const schemas = new Map(tags.map((tag) => [tag, schemaOf(tag)]));
  return z.unknown().transform((value, context): Rule => {
    const isTagAlone = typeof value === "string";
    const written: unknown = isTagAlone ? value : tagIn(value);
    const tag = tags.find((known) => known === written);
    const schema = tag === undefined ? undefined : schemas.get(tag);
    if (schema !== undefined) return readBy(schema, isTagAlone ? { tag } : value, context) ?? z.NEVER;
    const near = typeof written === "string" ? closest(written, tags) : undefined;
    const advice = near === undefined ? TAG_ADVICE : `did you mean ${near}?`;
    const path = isTagAlone || written === undefined ? [] : ["tag"];
    context.addIssue({ code: "custom", path, params: { allowed: `one of ${tags.join(", ")}`, advice } });
    return z.NEVER;
  });
}

const tagIn = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, "tag") : undefined;

const PATH = {
  pattern: /^([^.]+(\.[^.]+)*)?$/,
  allowed: "keys joined by dots, * for each element of a list and each key that no rule names",
  advice: "write it such as members.*.name",
};

const jsonTags = TAGS.filter((tag) => jsonRuleSchema(tag) !== undefined);

const paths = mapOf(PATH, ruleBy(jsonTags, jsonRuleSchema)).transform(
  (rules): ReadonlyMap<string, JsonRule> => new Map(Object.entries(rules)),
);

export const columnRule = ruleBy(TAGS, columnRuleSchema);

export const wholeK = field({ allowed: "a whole number from 2 to 1000", advice: "leave it out for 5" }, (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 2 && value <= 1000 ? value : undefined,
);
