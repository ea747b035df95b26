import type { FakeSpec } from "../plan";
import type { FakeTag } from "../tags";
import type { Fake } from "./fake";
import { ENOUGH_LETTERS, FULL_LETTERS, writeIndex, writeLetters } from "./letters";
import { Misfit } from "./misfit";
import { MOST_PLACES, type UniqueTable } from "./uniqueTable";
import {
  LONGEST_FAMILY,
  LONGEST_GIVEN,
  LONGEST_STREET,
  writeFamily,
  writeGiven,
  writeLowerGiven,
  writeStreet,
} from "./words";

export type TextTag = Exclude<FakeTag, "gov.ssn" | "contact.phone" | "fin.card" | "id.integer" | "id.uuid">;

/** How fakes of a tag are made: words from the last seven bytes of an output, and letters from the first nine. */
interface Kind {
  readonly words:
    { readonly longest: number; write(prf: Buffer, at: number, out: Buffer, to: number): number } | undefined;
  /** Letters are part of the fake always, or only where it must be unique. */
  readonly letters: "always" | "unique";
  /** Stands between words and letters. */
  readonly between: string;
  readonly after: string;
  readonly upper: boolean;
}

const first = (prf: Buffer, at: number): number => threeBytes(prf, at + 9);
const second = (prf: Buffer, at: number): number => threeBytes(prf, at + 12);
const threeBytes = (prf: Buffer, at: number): number =>
  (prf[at] ?? 0) | ((prf[at + 1] ?? 0) << 8) | ((prf[at + 2] ?? 0) << 16);

const lowerGiven = {
  longest: LONGEST_GIVEN,
  write: (prf: Buffer, at: number, out: Buffer, to: number) => writeLowerGiven(first(prf, at), out, to),
};
const named = { letters: "unique", between: " ", after: "", upper: false } as const;
const lettersOnly = { words: undefined, letters: "always", between: "", after: "" } as const;

const KINDS: Readonly<Record<TextTag, Kind>> = {
  "person.given": {
    ...named,
    words: { longest: LONGEST_GIVEN, write: (prf, at, out, to) => writeGiven(first(prf, at), out, to) },
  },
  "person.family": {
    ...named,
    words: { longest: LONGEST_FAMILY, write: (prf, at, out, to) => writeFamily(second(prf, at), out, to) },
  },
  "person.name": {
    ...named,
    words: {
      longest: LONGEST_GIVEN + 1 + LONGEST_FAMILY,
      write(prf, at, out, to) {
        const end = writeGiven(first(prf, at), out, to);
        out[end] = 32;
        return writeFamily(second(prf, at), out, end + 1);
      },
    },
  },
  "addr.street": {
    ...named,
    words: {
      longest: LONGEST_STREET,
      write(prf, at, out, to) {
        const name = first(prf, at);
        const other = second(prf, at);
        return writeStreet(other >>> 10, name, (prf[at + 15] ?? 0) & 7, out, to);
      },
    },
  },
  "person.username": { words: lowerGiven, letters: "always", between: "", after: "", upper: false },
  "contact.email": { words: lowerGiven, letters: "always", between: ".", after: "@example.org", upper: false },
  "fin.account": { ...lettersOnly, upper: true },
  "id.text": { ...lettersOnly, upper: false },
};

/**
 * Fakes of words and letters. Where a column is too narrow for both, letters alone; where too narrow for 16 of them and
 * the column is unique, a table keeps values apart.
 *
 * @param table Makes or finds the table for so many places.
 */
export function textFake(tag: TextTag, spec: FakeSpec, table: (size: number) => UniqueTable): Fake {
  const kind = KINDS[tag];
  const most = spec.maxLength ?? Infinity;
  const after = Buffer.from(kind.after, "latin1");
  const between = Buffer.from(kind.between, "latin1");
  const capital = kind.upper ? 32 : 0;
  const base = { tag, isNumber: false };

  if (kind.letters === "unique" && !spec.unique && kind.words !== undefined) {
    const { words } = kind;
    return {
      ...base,
      longest: words.longest,
      ordered: false,
      write: (prf, at, _shape, out, to) => Math.min(words.write(prf, at, out, to), to + most),
    };
  }

  const full = (kind.words?.longest ?? 0) + between.length + FULL_LETTERS + after.length;
  const words = full <= most ? kind.words : undefined;
  const count = Math.min(FULL_LETTERS, most - after.length);
  if (count < 1) throw new Misfit("value-unmaskable", "no-room", { maxLength: most, least: after.length + 1 });
  const places = spec.unique && count < ENOUGH_LETTERS ? table(Math.min(16 ** count, MOST_PLACES)) : undefined;
  return {
    ...base,
    longest: full,
    ordered: places !== undefined,
    write(prf, at, _shape, out, to) {
      if (words !== undefined) {
        to = words.write(prf, at, out, to);
        for (let index = 0; index < between.length; index++) out[to++] = between[index] ?? 0;
      }
      to =
        places === undefined
          ? writeLetters(prf, at, count, capital, out, to)
          : writeIndex(places.place(prf, at), prf, at, count, capital, out, to);
      for (let index = 0; index < after.length; index++) out[to++] = after[index] ?? 0;
      return to;
    },
  };
}
