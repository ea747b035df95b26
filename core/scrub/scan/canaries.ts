import { createHmac } from "node:crypto";
import type { JsonAction, PlannedColumn, PlannedTable } from "../plan";
import type { FakeTag } from "../tags";
import { Confirmation, KnownScanner } from "./knownScan";
import { Suspects } from "./suspects";
import { knownMemory, KnownValues } from "./known";
import { copyField } from "../copyText";
import type { CanaryResult } from "../verdicts";
import type { FindingKind } from "./findingKinds";
import { FindingBook } from "./report";
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
  const known = new KnownValues({ key, memory: knownMemory(2 ** 16) });
  const tell = (to: KnownValues | Confirmation): void => {
    for (const person of people)
      for (const [tag, value] of Object.entries(person))
        to.add(tag as FakeTag, Buffer.from(/^(gov|contact.phone|fin)/.test(tag) ? value.replace(/\D/g, "") : value));
  };
  tell(known);
  const book = new FindingBook(key, Infinity);
  const shapes = new ShapeScanner(outputTable(table), book);
  shapes.scan(text);
  shapes.end();
  const suspects = new EveryPlace();
  const columns = table.columns.map(({ column }) => ({ column, singleNames: true }));
  const names = new KnownScanner({ schema: table.schema, table: table.table, columns }, known, key, suspects);
  names.scan(text);
  names.end();
  const found: CanaryPlace[] = book.report().findings.map(({ row, column, kind }) => ({ row, column, kind }));
  tell(new Confirmation({ key }, suspects, (digest) => found.push(...suspects.placesOf(digest))));
  return [...new Map(found.map((place) => [nameOf(place), place])).values()];
}

/** Suspicions with all of their places, which rows of a few people can afford. */
class EveryPlace extends Suspects {
  private readonly places = new Map<bigint, CanaryPlace[]>();

  override add(low: number, high: number, table: string, column: string, row: number): bigint {
    const digest = super.add(low, high, table, column, row);
    this.places.set(digest, [...this.placesOf(digest), { row, column, kind: "canary" }]);
    return digest;
  }

  placesOf(digest: bigint): readonly CanaryPlace[] {
    return this.places.get(digest) ?? [];
  }
}

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
