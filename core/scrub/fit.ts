import type { CatalogColumn, CatalogType } from "./catalog";
import { FAKE_TAGS, type FakeTag, QUASI_TAGS, type Tag } from "./tags";

const TEXTS = ["text", "varchar", "bpchar"];
const INTEGERS = ["int2", "int4", "int8"];
const NUMBERS = [...INTEGERS, "numeric", "float4", "float8"];
const TIMES = ["date", "timestamp", "timestamptz"];
const DOCUMENTS = ["json", "jsonb"];
/** Scalars that have no parts of their own, so that one of them is one value. */
const CATEGORIES = [...TEXTS, ...NUMBERS, ...TIMES, "bool", "char"];

type Range = readonly [min: bigint, max: bigint];

/** Amounts, counts and keys. */
export const isNumber = ({ base, array }: CatalogType): boolean => NUMBERS.includes(base) && !array;

/** Values of an integer type. */
export function rangeOf({ base }: CatalogType): Range | undefined {
  const bits = { int2: 15n, int4: 31n, int8: 63n }[base];
  return bits === undefined ? undefined : [-(1n << bits), (1n << bits) - 1n];
}

interface Fit {
  readonly bases: readonly string[];
  /** For people. */
  readonly allowed: string;
  /** Characters that its values have at least. */
  readonly least?: number;
}

const TEXT: Fit = { bases: TEXTS, allowed: "text, varchar or char" };
const UUID_LENGTH = 36;

const FITS: Readonly<Record<Exclude<Tag, "drop" | "public">, Fit>> = {
  "person.name": TEXT,
  "person.given": TEXT,
  "person.family": TEXT,
  "person.username": TEXT,
  "gov.ssn": TEXT,
  "contact.email": TEXT,
  "contact.phone": TEXT,
  "addr.street": TEXT,
  "fin.card": TEXT,
  "fin.account": TEXT,
  "id.integer": { bases: INTEGERS, allowed: "smallint, integer or bigint" },
  "id.uuid": { bases: ["uuid", ...TEXTS], allowed: "uuid, or a text of at least 36 characters", least: UUID_LENGTH },
  "id.text": TEXT,
  "quasi.date": { bases: TIMES, allowed: "date or timestamp" },
  "quasi.birthdate": { bases: TIMES, allowed: "date or timestamp" },
  "quasi.zip": {
    bases: [...TEXTS, "int4", "int8"],
    allowed: "a text of at least 5 characters, integer or bigint",
    least: 5,
  },
  "quasi.age": { bases: NUMBERS, allowed: "a number" },
  "quasi.category": { bases: CATEGORIES, allowed: "a text, number, date, boolean or enumeration" },
  "text.free": TEXT,
  json: { bases: DOCUMENTS, allowed: "json or jsonb" },
};

/** What types a tag is for, if `type` is none of them. */
export function misfit(tag: Tag, type: CatalogType): string | undefined {
  if (tag === "drop") return undefined;
  if (tag === "public")
    return DOCUMENTS.includes(type.base)
      ? "any type but json and jsonb, whose keys need rules of their own"
      : undefined;
  const fit = FITS[tag];
  const category = tag === "quasi.category" && type.labels !== null;
  const known = category || fit.bases.includes(type.base) || (fit.bases === TEXTS && isCitext(type));
  const long = type.maxLength === null || type.maxLength >= (fit.least ?? 0);
  return known && long && !type.array ? undefined : fit.allowed;
}

const isCitext = ({ base }: CatalogType): boolean => base.endsWith(".citext");

/** Tags that a column of this type can have, for a message; those that say most first. */
export function fitting(type: CatalogType): readonly Tag[] {
  const tags: readonly Tag[] = [...FAKE_TAGS, ...QUASI_TAGS, "text.free", "json", "drop", "public"];
  return tags.filter((tag) => misfit(tag, type) === undefined);
}

/** Leaves each value as it is. */
export const keeps = (tag: Tag): boolean => tag === "public" || tag === "quasi.category";

/** Gives equal values equal fakes, and different values different ones where the column is unique. */
export const isFake = (tag: Tag): tag is FakeTag => FAKE_TAGS.some((fake) => fake === tag);

/** Whether a rule's `type` means this type: with a length or without, by the short names too. */
export function sameType(written: string, { type }: Pick<CatalogColumn, "type">): boolean {
  const plain = plainType(written);
  const actual = plainType(type.written);
  return plain === actual || (!plain.includes("(") && plain === actual.replace(/\([^)]*\)/, ""));
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
  float4: "real",
  float8: "double precision",
  decimal: "numeric",
  varchar: "character varying",
  char: "character",
  bpchar: "character",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  time: "time without time zone",
  timetz: "time with time zone",
};

function plainType(written: string): string {
  const text = written.trim().toLowerCase().replace(/\s+/g, " ").replace(/ ?, ?/g, ",").replace(/ ?\(/, "(");
  const [, name = text, rest = ""] = /^([a-z0-9_]+)((?:\(.*\))?(?:\[\])*)$/.exec(text) ?? [];
  return `${SHORT_NAMES[name] ?? name}${rest}`;
}
