import { type CanonicalValue, digitsOf, OTHER_SHAPE, SEPARATOR, separatorOf } from "../canonical";
import { type Permutation, PermutationBatch } from "../permutation";
import type { FakeSpec } from "../plan";
import type { Fake } from "./fake";
import { upperLetter, writeLetters } from "./letters";
import { Misfit } from "./misfit";
import { MOST_PLACES, type UniqueTable } from "./uniqueTable";

type TableMaker = (size: number) => UniqueTable;

function atLeast(spec: FakeSpec, least: number): number {
  if (spec.maxLength !== null && spec.maxLength < least)
    throw new Misfit("value-unmaskable", "no-room", { maxLength: spec.maxLength, least });
  return spec.maxLength ?? Infinity;
}

/** Bytes [from, from + 9) in groups of three, two and four, as the value was written; returns the end. */
function groupSsn(shape: number, most: number, out: Buffer, from: number): number {
  const separator = shape === OTHER_SHAPE ? SEPARATOR.none : separatorOf(shape);
  if (most < 11 || (separator !== SEPARATOR.dash && separator !== SEPARATOR.other)) return from + 9;
  const byte = separator === SEPARATOR.dash ? 45 : 32;
  out.copyWithin(from + 7, from + 5, from + 9);
  out.copyWithin(from + 4, from + 3, from + 5);
  out[from + 3] = byte;
  out[from + 6] = byte;
  return from + 11;
}

function writeDigits(value: number, count: number, out: Buffer, to: number): number {
  for (let at = to + count - 1, left = value; at >= to; at--) {
    out[at] = 48 + (left % 10);
    left = Math.floor(left / 10);
  }
  return to + count;
}

/**
 * `KBM-CL-DFGH`: nine letters for a number of nine digits, by a permutation of all such numbers, so that no two meet
 * and nothing looks like a number. What is not nine digits gets nine letters that begin with one no number begins with.
 */
export function ssnTokenFake(spec: FakeSpec, permutation: () => Permutation): Fake {
  const most = atLeast(spec, 9);
  const batch = new PermutationBatch();
  let made: Permutation | undefined;
  return {
    tag: "gov.ssn",
    longest: 11,
    isNumber: false,
    ordered: false,
    direct: (canonical, out, to) =>
      canonical.shape === OTHER_SHAPE
        ? -1
        : writeToken((made ??= permutation()).apply(numberOf(canonical)), canonical.shape, most, out, to),
    permuted: {
      add: (canonical) => (canonical.shape === OTHER_SHAPE ? -1 : batch.add(numberOf(canonical))),
      run() {
        if (!batch.isEmpty) batch.run((made ??= permutation()));
      },
      write: (place, shape, out, to) => writeToken(batch.at(place), shape, most, out, to),
    },
    write(prf, at, _shape, out, to) {
      const end = writeLetters(prf, at, 9, 32, out, to);
      out[to] = upperLetter(10 + ((prf[at + 9] ?? 0) % 6));
      return end;
    },
  };
}

function numberOf({ bytes, length }: CanonicalValue): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 10 + ((bytes[index] ?? 48) - 48);
  return value;
}

function writeToken(value: number, shape: number, most: number, out: Buffer, to: number): number {
  for (let at = to + 8, left = value; at >= to; at--) {
    const next = (left / 10) | 0;
    out[at] = upperLetter(left - next * 10);
    left = next;
  }
  return groupSsn(shape, most, out, to);
}

/** Numbers of areas 900 to 934 and groups 01 to 49, which were never issued and are no taxpayer's either. */
export function ssnReservedFake(spec: FakeSpec, table: TableMaker): Fake {
  const most = atLeast(spec, 9);
  const places = table(MOST_PLACES);
  return {
    tag: "gov.ssn",
    longest: 11,
    isNumber: false,
    ordered: true,
    write(prf, at, shape, out, to) {
      const place = places.place(prf, at);
      const rest = Math.floor(place / 9999);
      writeDigits(900 + Math.floor(rest / 49), 3, out, to);
      writeDigits(1 + (rest % 49), 2, out, to + 3);
      writeDigits(1 + (place % 9999), 4, out, to + 5);
      return groupSsn(shape, most, out, to);
    },
  };
}

/**
 * Numbers that an area has set aside for fiction, `212-555-0142`: 80,000 of them, or 100 where only seven digits fit.
 */
export function phoneFake(spec: FakeSpec, table: TableMaker): Fake {
  const most = atLeast(spec, 7);
  const size = most < 10 ? 100 : 80_000;
  const places = spec.unique ? table(size) : undefined;
  return {
    tag: "contact.phone",
    longest: 14,
    isNumber: false,
    ordered: places !== undefined,
    write(prf, at, shape, out, to) {
      const place = places === undefined ? prf.readUInt32LE(at + 8) % size : places.place(prf, at);
      const separator = shape === OTHER_SHAPE ? SEPARATOR.dash : separatorOf(shape);
      const inParentheses = separator === SEPARATOR.parentheses && most >= 14;
      const isDashed = separator !== SEPARATOR.none && most >= 12;
      if (inParentheses) out[to++] = 40;
      if (most >= 10) to = writeDigits(200 + Math.floor(place / 100), 3, out, to);
      if (inParentheses) {
        out[to++] = 41;
        out[to++] = 32;
      } else if (isDashed) out[to++] = 45;
      to = writeDigits(555, 3, out, to);
      if (isDashed) out[to++] = 45;
      return writeDigits(100 + (place % 100), 4, out, to);
    },
  };
}

/** What makes the digits [from, to) and one more pass Luhn's check. */
function luhnDigit(out: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = to - 1, doubles = true; at >= from; at--, doubles = !doubles) {
    const digit = ((out[at] ?? 48) - 48) * (doubles ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - (sum % 10)) % 10;
}

/**
 * As many digits as the card has, of which the first is 0, as no network's is, and the last is wrong by Luhn's check.
 */
export function cardFake(spec: FakeSpec, table: TableMaker): Fake {
  const most = atLeast(spec, 12);
  const places = spec.unique ? table(MOST_PLACES) : undefined;
  return {
    tag: "fin.card",
    longest: 23,
    isNumber: false,
    ordered: places !== undefined,
    write(prf, at, shape, out, to) {
      const count = Math.min(shape === OTHER_SHAPE ? 16 : digitsOf(shape), most);
      const last = to + count - 1;
      if (places === undefined) {
        out[to] = 48;
        for (let index = 1; index < count - 1; index++)
          out[to + index] = 48 + (((prf[at + (index & 15)] ?? 0) >>> (index >>> 4)) % 10);
      } else writeDigits(places.place(prf, at), count - 1, out, to);
      out[last] = 48 + ((luhnDigit(out, to, last) + 1 + ((prf[at] ?? 0) % 9)) % 10);
      const separator = shape === OTHER_SHAPE ? SEPARATOR.none : separatorOf(shape);
      return separator === SEPARATOR.none ? last + 1 : groupFours(count, separator, most, out, to);
    },
  };
}

function groupFours(count: number, separator: number, most: number, out: Buffer, from: number): number {
  const groups = Math.ceil(count / 4);
  if (count + groups - 1 > most) return from + count;
  for (let group = groups - 1; group > 0; group--) {
    const begin = from + group * 4;
    out.copyWithin(begin + group, begin, Math.min(begin + 4, from + count));
    out[begin + group - 1] = separator === SEPARATOR.dash ? 45 : 32;
  }
  return from + count + groups - 1;
}
