import type { OutputColumn } from "./columns";
import { DASH, DOT, JOIN, PAREN, SLASH, SPACE } from "./symbols";

export type NumberKind = "ssn" | "card" | "phone";

/** What a column may hold beside what everybody may. */
export type NumberPolicy = Pick<OutputColumn, "reservedSsn" | "bareNumbers">;

/** Sets of separators, one bit for each kind. */
export const gapOf = (kind: number): number => 1 << (kind - SPACE);
const GAP = { space: gapOf(SPACE), dash: gapOf(DASH), dot: gapOf(DOT), slash: gapOf(SLASH), join: gapOf(JOIN) };
const LOOSE = GAP.space | GAP.dash | gapOf(PAREN);
/** More separators than these between two digits, and they are of two numbers. */
export const LONGEST_GAP = 3;

/** Digits kept of a group; what is longer is no card. */
const KEPT = 20;
const GROUPS = 64;
/** The longest shape has nine groups; one more on each side is looked at. */
const OVERLAP = 11;

/**
 * Groups of digits that follow one another with a few separators between them, up to whatever ends them. Of a chain
 * without end the groups that are settled make room, so that memory does not grow with a value.
 */
export class DigitChain {
  /** Groups so far, the open one not counted. */
  count = 0;
  open = false;
  private readonly lengths = new Int32Array(GROUPS);
  private readonly digits = new Uint8Array(GROUPS * KEPT);
  /** Separators before a group: which, and how many. */
  private readonly gaps = new Uint8Array(GROUPS + 1);
  private readonly gapLengths = new Uint8Array(GROUPS + 1);
  /** A letter stands right before or after: part of a word, or of a hexadecimal number. */
  private readonly glued = new Uint8Array(GROUPS);
  /** Groups below this one were already the first of every shape that they can be the first of. */
  private settled = 0;

  constructor(private readonly found: (kind: NumberKind, digits: string) => void) {}

  /** A digit comes. @param glued a letter stands right before; asked at the first digit of a group. */
  begin(glued: () => boolean, policy: NumberPolicy): void {
    if (this.open) return;
    if (this.count === GROUPS) this.makeRoom(policy);
    this.open = true;
    this.lengths[this.count] = 0;
    this.glued[this.count] = glued() ? 1 : 0;
  }

  digit(value: number): void {
    const length = at(this.lengths, this.count);
    if (length < KEPT) this.digits[this.count * KEPT + length] = value;
    this.lengths[this.count] = length + 1;
  }

  /** Takes the ASCII digits at a place of a chunk. @returns where they end. */
  run(chunk: Uint8Array, from: number): number {
    const first = this.count * KEPT;
    let length = at(this.lengths, this.count);
    let place = from;
    for (; place < chunk.length; place++) {
      const value = (chunk[place] ?? 0) - 48;
      if (value < 0 || value > 9) break;
      if (length < KEPT) this.digits[first + length] = value;
      length++;
    }
    this.lengths[this.count] = length;
    return place;
  }

  /** `false` when it ended the chain, which has then to be closed. */
  separator(kind: number): boolean {
    if (this.open) {
      this.open = false;
      this.count++;
      this.gaps[this.count] = 0;
      this.gapLengths[this.count] = 0;
    }
    this.gaps[this.count] = at(this.gaps, this.count) | gapOf(kind);
    return (this.gapLengths[this.count] = at(this.gapLengths, this.count) + 1) <= LONGEST_GAP;
  }

  /** @param letter it ended at a letter. */
  close(letter: boolean, policy: NumberPolicy): void {
    if (this.open) {
      this.open = false;
      if (letter) this.glued[this.count] = 1;
      this.count++;
      this.gaps[this.count] = 0;
    }
    let total = 0;
    for (let group = 0; group < this.count; group++) total += at(this.lengths, group);
    if (total >= 9) this.settle(this.count, policy);
    this.count = 0;
    this.settled = 0;
    this.gaps[0] = 0;
  }

  private makeRoom(policy: NumberPolicy): void {
    this.settle(GROUPS - OVERLAP + 1, policy);
    const from = GROUPS - OVERLAP;
    this.lengths.copyWithin(0, from, GROUPS);
    this.digits.copyWithin(0, from * KEPT);
    this.gaps.copyWithin(0, from, GROUPS + 1);
    this.gapLengths.copyWithin(0, from, GROUPS + 1);
    this.glued.copyWithin(0, from, GROUPS);
    this.count = OVERLAP;
    this.settled = 1;
  }

  private settle(end: number, policy: NumberPolicy): void {
    for (let first = this.settled; first < end; first++) {
      const length = at(this.lengths, first);
      if (length >= 9 && policy.bareNumbers !== true) this.bare(first, length, policy);
      if (length >= 3 && at(this.lengths, first + 1) === 2) this.dashed(first, policy);
      else if (length === 1) this.spelled(first, policy);
      if (length === 3) this.phone(first);
      if (length === 4 && first + 2 < this.count && at(this.lengths, first + 1) >= 4) this.card(first);
    }
  }

  /** A run of digits that is a token of its own, neither part of a word nor of a number with a fraction. */
  private bare(group: number, length: number, policy: NumberPolicy): void {
    if (at(this.glued, group) === 1 || this.dotted(group) || this.dotted(group + 1)) return;
    const first = at(this.digits, group * KEPT);
    // Of no network, as most numbers of an output are: seen without a text.
    if (length > 10 && first !== 1 && (first < FIRST_CARD || first > LAST_CARD)) return;
    const digits = this.text(group, 1);
    if (length === 9) this.ssn(digits, false, policy);
    else if (length === 10) this.reportPhone(digits);
    else if (length === 11 && first === 1) this.reportPhone(digits.slice(1));
    else if (isCard(digits, length)) this.found("card", digits);
  }

  /** Three, two and four digits; with plain dashes also where more digits stand before or after. */
  private dashed(first: number, policy: NumberPolicy): void {
    if (first + 2 >= this.count) return;
    const one = at(this.gaps, first + 1);
    const two = at(this.gaps, first + 2);
    const exact = at(this.lengths, first) === 3 && at(this.lengths, first + 2) === 4;
    const strict = one === GAP.dash && two === GAP.dash;
    if (strict && at(this.gapLengths, first + 1) === 1 && at(this.gapLengths, first + 2) === 1) {
      if (at(this.lengths, first + 2) >= 4) this.ssn(this.text(first, 3), true, exact ? policy : {});
    } else if (exact && joins(one, two) && !(one === GAP.dot && (this.dotted(first) || this.dotted(first + 3))))
      this.ssn(this.text(first, 3), false, policy);
  }

  /** Nine digits, each on its own. */
  private spelled(first: number, policy: NumberPolicy): void {
    if (first + 9 > this.count || (first > 0 && at(this.lengths, first - 1) === 1)) return;
    if (first + 9 < this.count && at(this.lengths, first + 9) === 1) return;
    const gap = at(this.gaps, first + 1);
    for (let next = first + 1; next < first + 9; next++)
      if (at(this.lengths, next) !== 1 || at(this.gaps, next) !== gap) return;
    this.ssn(this.text(first, 9), false, policy);
  }

  private phone(first: number): void {
    if (first + 2 >= this.count || at(this.lengths, first + 1) !== 3 || at(this.lengths, first + 2) !== 4) return;
    const one = at(this.gaps, first + 1);
    const two = at(this.gaps, first + 2);
    const own = !this.dotted(first) || (at(this.lengths, first - 1) === 1 && this.text(first - 1, 1) === "1");
    const dots = one === GAP.dot && two === GAP.dot && own && !this.dotted(first + 3);
    const mixed = ((one | two) & ~(LOOSE | GAP.dot)) === 0 && one !== GAP.dot;
    if ((dots || mixed || (one === two && one !== GAP.dot)) && !this.isFictional(first))
      this.reportPhone(this.text(first, 3));
  }

  /** Cards as people write them: groups of four, or four, six and the rest. */
  private card(first: number): void {
    const gap = at(this.gaps, first + 1);
    let lengths = "";
    for (let group = first; group < Math.min(this.count, first + 5); group++) {
      if (group > first && !joins(gap, at(this.gaps, group))) break;
      lengths += String(at(this.lengths, group));
      const grouping = CARD_GROUPINGS.get(lengths);
      if (grouping === undefined) continue;
      const digits = this.text(first, group - first + 1);
      if (isCard(digits, digits.length)) this.found("card", digits);
    }
  }

  private ssn(digits: string, strict: boolean, policy: NumberPolicy): void {
    const range = ssnRange(digits);
    if (range === "reserved" && digits.length === 9 && policy.reservedSsn === true) return;
    if (strict || range !== "never") this.found("ssn", digits);
  }

  /** 555-01xx, behind an area: what most telephones of an output are, so it is seen without a text. */
  private isFictional(first: number): boolean {
    const { digits } = this;
    const exchange = (first + 1) * KEPT;
    const isExchange = digits[exchange] === 5 && digits[exchange + 1] === 5 && digits[exchange + 2] === 5;
    return isExchange && digits[exchange + KEPT] === 0 && digits[exchange + KEPT + 1] === 1;
  }

  private reportPhone(digits: string): void {
    if (/^[2-9](?!11)\d\d[2-9](?!11)\d{6}$/.test(digits) && !/^...55501..$/.test(digits)) this.found("phone", digits);
  }

  /** One dot and nothing else stands before a group. */
  private dotted(group: number): boolean {
    return group > 0 && group < this.count && at(this.gaps, group) === GAP.dot;
  }

  private text(first: number, groups: number): string {
    let text = "";
    for (let group = first; group < first + groups; group++)
      for (let digit = 0; digit < Math.min(KEPT, at(this.lengths, group)); digit++)
        text += String(at(this.digits, group * KEPT + digit));
    return text;
  }
}

/** @returns 0 outside of it, which no caller relies on. */
const at = (array: Int32Array | Uint8Array, index: number): number => array[index] ?? 0;

const joins = (one: number, two: number): boolean => one === two || ((one | two) & ~LOOSE) === 0;

/**
 * `issued`: was or may be given to a person, ITIN and ATIN included. `reserved`: area 900 - 999 with group 01 - 49, which
 * is never given. `never`: no number at all.
 */
export function ssnRange(digits: string): "issued" | "reserved" | "never" {
  const area = Number(digits.slice(0, 3));
  const group = Number(digits.slice(3, 5));
  if (area === 0 || area === 666 || group === 0 || digits.slice(5) === "0000") return "never";
  return area >= 900 && group < 50 ? "reserved" : "issued";
}

const CARD_GROUPINGS: ReadonlyMap<string, true> = new Map(
  ["4444", "465", "464", "44443", "4441", "445", "466", "448"].map((lengths) => [lengths, true]),
);

/** What the numbers of the networks begin with. */
const FIRST_CARD = 2;
const LAST_CARD = 6;
/** Prefixes of the networks, and how many digits their cards have. */
const CARDS: readonly (readonly [prefix: RegExp, shortest: number, longest: number])[] = [
  [/^4/, 13, 19],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 16, 16],
  [/^3[47]/, 15, 15],
  [/^3(0[0-59]|[689])/, 14, 19],
  [/^(6011|65|64[4-9])/, 16, 19],
  [/^35(2[89]|[3-8])/, 16, 19],
  [/^62/, 16, 19],
  [/^(50|5[6-8]|6304|6759|676)/, 16, 19],
];

/** Known prefix and length, and the check digit is right (Luhn). */
export function isCard(digits: string, length: number): boolean {
  if (!CARDS.some(([prefix, shortest, longest]) => length >= shortest && length <= longest && prefix.test(digits)))
    return false;
  let sum = 0;
  for (let back = 0; back < length; back++) {
    const digit = digits.charCodeAt(length - 1 - back) - 48;
    const doubled = back % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
