import { createHmac } from "node:crypto";
import { z } from "zod";
import type { JsonAction, PlannedColumn, PlannedTable } from "../plan";
import type { FakeTag } from "../tags";
import { Confirmation, KnownScanner, Suspects } from "./knownScan";
import { KnownValues } from "./known";
import { LINE_FEED, TAB, copyField } from "../copyText";
import { FindingBook, type FindingKind } from "./report";
import { outputTable } from "./columns";
import { ShapeScanner } from "./shapes";

/** A person who does not exist, with values that nobody has and the scan takes for somebody's. */
export type Canary = Readonly<Record<FakeTag, string>>;

const SYLLABLES = "zqua vrex ghol tsip wyrn khaz pfim dzuk bhox mjel nglu szte".split(" ");

/** The same people for the same seed. */
export function canaryPeople(seed: Buffer, count: number): readonly Canary[] {
  return Array.from({ length: count }, (_, number) =>
    canary(createHmac("sha512", seed).update(String(number)).digest()),
  );
}

function canary(bytes: Buffer): Canary {
  const pick = (at: number, below: number): number => bytes.readUInt32LE(at) % below;
  const digits = (at: number, width: number): string => String(pick(at, 10 ** width)).padStart(width, "0");
  const word = (at: number): string => {
    const text = [0, 1, 2].map((next) => SYLLABLES[pick(at + next, SYLLABLES.length)] ?? "").join("");
    return text.charAt(0).toUpperCase() + text.slice(1);
  };
  const [given, family] = [word(0), word(4)];
  const hex = bytes.subarray(8, 24).toString("hex");
  return {
    "person.name": `${given} ${family}`,
    "person.given": given,
    "person.family": family,
    "person.username": `${given.toLowerCase()}${digits(24, 4)}`,
    // Groups 66 - 69 of the 900s have no use, neither as ITIN nor as ATIN, and are not in the reserved space of fakes.
    "gov.ssn": `9${digits(28, 2)}-${66 + pick(32, 4)}-${1000 + pick(36, 9000)}`,
    "contact.email": `${given}.${family}@canary.internal`.toLowerCase(),
    // No area has the code 999.
    "contact.phone": `999-${200 + pick(40, 11)}-${digits(44, 4)}`,
    "addr.street": `${100 + pick(48, 9000)} ${word(52)} Crossing`,
    "fin.card": withCheckDigit(`400000${digits(56, 9)}`),
    "fin.account": `77${digits(56, 9)}`,
    "id.integer": String(1 + pick(60, 30_000)),
    "id.uuid": hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    "id.text": `${word(4)}-${digits(24, 6)}`,
  };
}

function withCheckDigit(digits: string): string {
  let sum = 0;
  for (let back = 0; back < digits.length; back++) {
    const doubled = Number(digits[digits.length - 1 - back]) * (back % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

export interface CanaryPlace {
  /** From 1. */
  readonly row: number;
  readonly column: string;
  readonly kind: FindingKind;
}

/** Rows as the source would send them, one for each person, who stands in every column that is not kept. */
export function plantCanaries(table: PlannedTable, people: readonly Canary[]): { text: Buffer; places: CanaryPlace[] } {
  const places: CanaryPlace[] = [];
  const rows = people.map((person, at) => {
    const fields = table.columns.map((column) => {
      const planted = plantIn(column, person);
      for (const kind of planted?.kinds ?? []) places.push({ row: at + 1, column: column.column, kind });
      return planted === undefined ? "\\N" : copyField(planted.text);
    });
    return `${fields.join("\t")}\n`;
  });
  return { text: Buffer.from(rows.join("")), places };
}

interface PlantedField {
  readonly text: string;
  readonly kinds: readonly FindingKind[];
}

function plantIn({ action }: PlannedColumn, person: Canary): PlantedField | undefined {
  switch (action.kind) {
    case "keep":
      return undefined;
    case "text":
      return { text: prose(person), kinds: PROSE_KINDS };
    case "json":
      return { text: JSON.stringify(document(action.rules, person)), kinds: PROSE_KINDS };
    case "fake": {
      const { tag, maxLength, range } = action.fake;
      const text = range === undefined || tag !== "id.integer" ? person[tag] : String(range[1]);
      return maxLength !== null && text.length > maxLength ? undefined : { text, kinds: KINDS[tag] };
    }
  }
}

/** By what a value of a tag has to be found. */
const KINDS: Readonly<Record<FakeTag, readonly FindingKind[]>> = {
  "person.name": ["canary"],
  "person.given": ["canary"],
  "person.family": ["canary"],
  "person.username": ["canary"],
  "gov.ssn": ["ssn"],
  "contact.email": ["canary", "email"],
  "contact.phone": ["phone"],
  "addr.street": ["canary"],
  "fin.card": ["canary", "card"],
  "fin.account": ["canary"],
  "id.integer": [],
  "id.uuid": ["canary"],
  "id.text": ["canary"],
};
const PROSE_KINDS: readonly FindingKind[] = ["canary", "ssn", "email", "phone"];

const prose = (person: Canary): string =>
  `Spoke with ${person["person.name"]} (SSN ${person["gov.ssn"]})\nof ${person["addr.street"]}; ` +
  `write to ${person["contact.email"]} or call ${person["contact.phone"]}.`;

/** A document with the person at every path that is not kept, and at one that no rule names. */
function document(rules: ReadonlyMap<string, JsonAction>, person: Canary): unknown {
  const root: Record<string, unknown> = { "canary unlisted": { note: prose(person) } };
  for (const [path, action] of rules) {
    if (action.kind === "keep") continue;
    const value = action.kind === "fake" ? person[action.fake.tag] : prose(person);
    setAt(root, path.split("."), value);
  }
  return root;
}

function setAt(parent: Record<string, unknown> | unknown[], path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  const at = Array.isArray(parent) ? 0 : key;
  const next = rest[0];
  const found: unknown = Reflect.get(parent, at);
  if (next === undefined) Reflect.set(parent, at, value);
  else {
    const child = isTree(found) ? found : next === "*" ? [] : {};
    Reflect.set(parent, at, child);
    setAt(child, rest, value);
  }
}

const isTree = (value: unknown): value is Record<string, unknown> | unknown[] =>
  typeof value === "object" && value !== null;

/**
 * Where the scan finds a planted person in rows of a table: by shape as anywhere else, and by name and number as `canary`
 * in every column, also in those where a known value of the source may stand as a fake.
 */
export function canariesIn(table: PlannedTable, text: Buffer, people: readonly Canary[], key: Buffer): CanaryPlace[] {
  const known = new KnownValues({ key, bytes: 2 ** 16 });
  const tell = (to: KnownValues | Confirmation): void => {
    for (const person of people)
      for (const [tag, value] of Object.entries(person))
        to.add(tag as FakeTag, Buffer.from(/^(gov|contact.phone|fin)/.test(tag) ? value.replace(/\D/g, "") : value));
  };
  tell(known);
  const columns = outputTable(table).columns;
  return fieldsOf(text).flatMap(({ row, at, bytes }) => {
    const column = columns[at] ?? { column: "" };
    const place = { schema: table.schema, table: table.table };
    const line = Buffer.concat([bytes, Buffer.of(LINE_FEED)]);
    const book = new FindingBook(key);
    const shapes = new ShapeScanner({ ...place, columns: [column] }, book);
    shapes.scan(line);
    shapes.end();
    const suspects = new Suspects();
    const names = new KnownScanner(
      { ...place, columns: [{ column: column.column, singleNames: true }] },
      known,
      key,
      suspects,
    );
    names.scan(line);
    names.end();
    tell(new Confirmation({ key }, suspects, book));
    return book
      .report()
      .counts.map(({ kind }) => ({ row, column: column.column, kind: kind === "known" ? "canary" : kind }));
  });
}

function fieldsOf(text: Buffer): readonly { row: number; at: number; bytes: Buffer }[] {
  const fields: { row: number; at: number; bytes: Buffer }[] = [];
  let [row, at, from] = [1, 0, 0];
  for (let end = 0; end < text.length; end++) {
    if (text[end] !== TAB && text[end] !== LINE_FEED) continue;
    fields.push({ row, at, bytes: text.subarray(from, end) });
    from = end + 1;
    if (text[end] === TAB) at++;
    else [row, at] = [row + 1, 0];
  }
  return fields;
}

export const canaryResultSchema = z.strictObject({
  /** Places and kinds in which people were planted. */
  planted: z.number().int().min(0),
  /** How many of these the scan found with masking off; all of them, or it cannot be trusted. */
  found: z.number().int().min(0),
  /** What it found with masking on. */
  leaked: z.number().int().min(0),
  verdict: z.enum(["pass", "fail"]),
});
export type CanaryResult = Readonly<z.infer<typeof canaryResultSchema>>;

/**
 * `pass`: with masking off everything planted was found, with masking on nothing, and something was planted at all.
 *
 * @param off what `canariesIn` says of the rows as planted. @param on what it says of them masked.
 */
export function judgeCanaries(
  planted: readonly CanaryPlace[],
  off: readonly CanaryPlace[],
  on: readonly CanaryPlace[],
): CanaryResult {
  const seen = new Set(off.map(nameOf));
  const found = planted.filter((place) => seen.has(nameOf(place))).length;
  const passed = planted.length > 0 && found === planted.length && on.length === 0;
  return { planted: planted.length, found, leaked: on.length, verdict: passed ? "pass" : "fail" };
}

/** One result for several tables. A table in which nothing can be planted takes nothing away. */
export function sumCanaries(results: readonly CanaryResult[]): CanaryResult {
  const sum = (count: (result: CanaryResult) => number) => results.reduce((total, each) => total + count(each), 0);
  const [planted, found, leaked] = [sum((each) => each.planted), sum((each) => each.found), sum((each) => each.leaked)];
  return { planted, found, leaked, verdict: planted > 0 && found === planted && leaked === 0 ? "pass" : "fail" };
}

const nameOf = ({ row, column, kind }: CanaryPlace): string => JSON.stringify([row, column, kind]);
