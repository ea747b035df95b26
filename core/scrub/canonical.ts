import { Misfit } from "./fakes/misfit";
import { FAKE_TAGS, type FakeTag } from "./tags";

/**
 * What two spellings of one value have in common, so that a person gets one fake in all of them:
 * - `folded`: NFKC, without case and format characters, runs of white space as one blank, none at the ends;
 * - `compact`: folded, without white space, dashes, dots and slashes;
 * - `hex`: compact, without braces;
 * - `digits`: the digits alone, if their count is one that `COUNTS` allows, else folded;
 * - `exact`: as it is, but for blanks at the end, which `char(n)` adds.
 */
export type Form = "folded" | "compact" | "hex" | "digits" | "exact";

export const FORMS: Readonly<Record<FakeTag, Form>> = {
  "person.name": "folded",
  "person.given": "folded",
  "person.family": "folded",
  "person.username": "folded",
  "gov.ssn": "digits",
  "contact.email": "folded",
  "contact.phone": "digits",
  "addr.street": "folded",
  "fin.card": "digits",
  "fin.account": "compact",
  "id.integer": "exact",
  "id.uuid": "hex",
  "id.text": "exact",
};

/**
 * How many digits a value of the tag has. Of a phone number of eleven a leading 1 is the country's and not part of it.
 */
const COUNTS: Partial<Record<FakeTag, readonly [least: number, most: number]>> = {
  "gov.ssn": [9, 9],
  "contact.phone": [7, 15],
  "fin.card": [12, 19],
};

/** What stands between digits. */
export const SEPARATOR = { none: 0, dash: 1, other: 2, parentheses: 3 } as const;
/** Shape of a value that has not as many digits as its tag asks for. */
export const OTHER_SHAPE = 0xff;

/** How a value was spelled, as far as a fake follows it: a separator, and above it the count of digits. */
export const shapeOf = (separator: number, digits: number): number => separator | (digits << 2);
export const separatorOf = (shape: number): number => shape & 3;
export const digitsOf = (shape: number): number => (shape >>> 2) & 31;

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of UTF-8. @throws Misfit for anything else. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new Misfit("value-unmaskable", "not-utf8");
  }
}

/** Canonical text of a value and its shape (0 where the form has none); the plain way, for any text. */
export function canonicalText(tag: FakeTag, value: string): { readonly text: string; readonly shape: number } {
  const form = FORMS[tag];
  if (form === "exact") return { text: value.replace(/ +$/, ""), shape: 0 };
  const folded = fold(value);
  if (form === "compact") return { text: folded.replace(/[\s\p{Pd}./]/gu, ""), shape: 0 };
  if (form === "hex") return { text: folded.replace(/[\s\p{Pd}./{}]/gu, ""), shape: 0 };
  if (form === "folded") return { text: folded, shape: 0 };
  const all = folded.replace(/[^0-9]/g, "");
  const digits = tag === "contact.phone" && all.length === 11 && all.startsWith("1") ? all.slice(1) : all;
  const [least, most] = COUNTS[tag] ?? [0, 0];
  if (digits.length < least || digits.length > most) return { text: folded, shape: OTHER_SHAPE };
  const inner = folded.replace(/^[^0-9]*|[^0-9]*$/g, "");
  const separator = folded.includes("(")
    ? SEPARATOR.parentheses
    : /\p{Pd}/u.test(inner)
      ? SEPARATOR.dash
      : /[^0-9]/.test(inner)
        ? SEPARATOR.other
        : SEPARATOR.none;
  return { text: digits, shape: shapeOf(separator, digits.length) };
}

/** Upper case first, because some letters meet only there. */
const fold = (value: string): string =>
  value
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .replace(/\s+/gu, " ")
    .trim();

/** Below it a loop copies faster than a call. */
const SHORT = 64;
/** End of the Latin letters in Unicode that are composed of nothing. */
const LATIN_END = 0x250;
const LONGEST_FOLD = 6;
let latin: readonly (Uint8Array | undefined)[] | undefined;

/**
 * UTF-8 of each folded character, by its code, of those that fold by themselves: whatever stands beside them, they
 * neither combine with it nor vanish nor part words.
 */
function latinFolds(): readonly (Uint8Array | undefined)[] {
  return (latin ??= Array.from({ length: LATIN_END }, (_, code) => {
    const folded = fold(String.fromCharCode(code));
    const bytes = Buffer.from(folded);
    if (code < 0x80 || folded === "" || bytes.length > LONGEST_FOLD || /[\p{M}\p{Cf}\s]/u.test(folded))
      return undefined;
    return Uint8Array.from(bytes);
  }));
}

const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
/** ASCII in lower case; 0 for what `fold` takes for a blank, and for what the other forms leave out. */
const FOLDED = foldTable(() => false);
const COMPACTED = foldTable((code) => code >= 45 && code <= 47);
const HEX = foldTable((code) => (code >= 45 && code <= 47) || code === 123 || code === 125);

function foldTable(leftOut: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => {
    if (isBlank(code) || leftOut(code)) return 0;
    return code >= 65 && code <= 90 ? code + 32 : code;
  });
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** How values of one tag are read: looked up once, not for each of them. */
export interface Reading {
  readonly tag: FakeTag;
  readonly form: Form;
  /** Digits that a number has. */
  readonly least: number;
  readonly most: number;
}

export function readingOf(tag: FakeTag): Reading {
  const [least, most] = COUNTS[tag] ?? [0, 0];
  // A tag that came from another thread is a string of its own, which is slow to compare and to look up.
  const own = FAKE_TAGS.find((each) => each === tag) ?? tag;
  return { tag: own, form: FORMS[tag], least, most };
}

export interface CanonicalValue {
  /** The form in [0, length), anything behind it. */
  readonly bytes: Buffer;
  readonly length: number;
  readonly shape: number;
}

/** Canonical forms of values in bytes, one at a time, without a string where the value is ASCII. */
export class Canonical implements CanonicalValue {
  bytes: Buffer = Buffer.alloc(256);
  length = 0;
  shape = 0;

  /** Reads the value in [start, end); `isAscii` must be true only if it is. */
  read(reading: Reading, value: Buffer, start: number, end: number, isAscii: boolean): void {
    if (this.bytes.length < end - start) this.bytes = Buffer.alloc((end - start) * 2);
    this.shape = 0;
    const { form } = reading;
    if (form === "exact") {
      let last = end;
      while (last > start && value[last - 1] === 32) last--;
      this.length = last - start;
      if (this.length >= SHORT) value.copy(this.bytes, 0, start, last);
      else for (let at = 0; at < this.length; at++) this.bytes[at] = value[start + at] ?? 0;
    } else if (!isAscii) {
      if (form !== "folded" || !this.foldLatin(value, start, end))
        this.readText(reading.tag, value.subarray(start, end));
    } else if (form === "digits") {
      if (!this.readDigits(reading, value, start, end)) {
        this.fold(value, start, end);
        this.shape = OTHER_SHAPE;
      }
    } else if (form === "folded") this.fold(value, start, end);
    else this.compact(form === "hex" ? HEX : COMPACTED, value, start, end);
  }

  private readText(tag: FakeTag, value: Buffer): void {
    const { text, shape } = canonicalText(tag, decodeUtf8(value));
    this.length = Buffer.byteLength(text);
    if (this.bytes.length < this.length) this.bytes = Buffer.alloc(this.length * 2);
    this.bytes.write(text);
    this.shape = shape;
  }

  private fold(value: Buffer, start: number, end: number): void {
    const out = this.bytes;
    const folds = FOLDED;
    let to = 0;
    for (let at = start; at < end; at++) {
      const code = folds[value[at] ?? 0] ?? 0;
      if (code !== 0) {
        out[to++] = code;
        continue;
      }
      while (at + 1 < end && folds[value[at + 1] ?? 0] === 0) at++;
      if (to > 0 && at + 1 < end) out[to++] = 32;
    }
    this.length = to;
  }

  /** `fold` of a value whose other characters are Latin letters and signs; `false` for any other value. */
  private foldLatin(value: Buffer, start: number, end: number): boolean {
    // A folded character is at most three times as long.
    if (this.bytes.length < (end - start) * 3) this.bytes = Buffer.alloc((end - start) * 3);
    const out = this.bytes;
    const folds = latinFolds();
    let to = 0;
    let blank = false;
    for (let at = start; at < end; at++) {
      const code = value[at] ?? 0;
      if (isBlank(code)) {
        blank = to > 0;
        continue;
      }
      if (blank) out[to++] = 32;
      blank = false;
      if (code < 0x80) out[to++] = code >= 65 && code <= 90 ? code + 32 : code;
      else {
        const next = ++at < end ? (value[at] ?? 0) : 0;
        if (code < 0xc2 || code > 0xc9 || (next & 0xc0) !== 0x80) return false;
        const folded = folds[((code & 0x1f) << 6) | (next & 0x3f)];
        if (folded === undefined) return false;
        for (const byte of folded) out[to++] = byte;
      }
    }
    this.length = to;
    return true;
  }

  private compact(folds: Uint8Array, value: Buffer, start: number, end: number): void {
    const out = this.bytes;
    let to = 0;
    for (let at = start; at < end; at++) {
      const code = folds[value[at] ?? 0] ?? 0;
      if (code !== 0) out[to++] = code;
    }
    this.length = to;
  }

  private readDigits({ tag, least, most }: Reading, value: Buffer, start: number, end: number): boolean {
    const out = this.bytes;
    let to = 0;
    let pending: number = SEPARATOR.none;
    let separator: number = SEPARATOR.none;
    let parentheses = false;
    for (let at = start; at < end; at++) {
      const code = value[at] ?? 0;
      if (isDigit(code)) {
        out[to++] = code;
        if (pending !== SEPARATOR.none && separator !== SEPARATOR.dash) separator = pending;
        pending = SEPARATOR.none;
      } else {
        if (code === 40) parentheses = true;
        if (to > 0 && pending !== SEPARATOR.dash) pending = code === 45 ? SEPARATOR.dash : SEPARATOR.other;
      }
    }
    if (tag === "contact.phone" && to === 11 && out[0] === 49) {
      out.copyWithin(0, 1, 11);
      to = 10;
    }
    if (to < least || to > most) return false;
    this.length = to;
    this.shape = shapeOf(parentheses ? SEPARATOR.parentheses : separator, to);
    return true;
  }
}
