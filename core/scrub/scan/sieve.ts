import { BACKSLASH, LINE_FEED } from "../copyText";
import { type DigestKey, digestKey, endHigh, endLow, highLane, highOfBoth, lowLane, lowOfBoth } from "./digest";
import type { OutputTable } from "./columns";
import type { DigestFilter } from "./filter";
import { KNOWN_KINDS, type KnownValues, LONGEST_LEAD, ofKind } from "./known";
import type { GroupReader } from "../kAnonymity";
import { KnownScanner } from "./knownScan";
import type { FindingBook } from "./report";
import { ShapeScanner } from "./shapes";
import {
  AT_SIGN,
  ENDS_FIELD,
  isHarmless,
  isKey,
  isNobodys,
  isNull,
  JOINS,
  PARTS,
  SIEVE_KINDS,
  SPECIAL,
  WORD,
} from "./sieveBytes";
import type { Suspects } from "./suspects";
import { FOLDED, isHexadecimal, LONGEST_WORD, SHORTEST_NUMBER } from "./words";

/** Digits of the shortest number that is looked for in one group. */
const SHORTEST_GROUP = 9;
/** Of three groups, digits of each at least: 3-2-4 of a person, 3-3-4 of a phone, 4-4-4 and 4-6-4 of cards. */
const FIRST_GROUP = 3;
const SECOND_GROUP = 2;
const THIRD_GROUP = 4;
/** Digits that stand alone, one after the other. */
const SPELLED = 9;

/** Bytes that are read before the loop over fields comes back. */
const AT_ONCE = 4096;
/** Questions that wait to be asked together. */
const QUESTIONS = 4096;
const FIELDS = 4096;
/** Answers that are remembered; a power of two. An output is made of few different words. */
const NOES = 2048;
/** What a question has of its field: where it begins, its row and column. */
const PLACE = 3;

/**
 * Reads COPY text once for both scans and for whoever counts groups, and hands the scans only the fields in which they can find something. Within a field
 * nothing is found without at least one of these: digits in groups as some number has them, with no letter between; an `@`; a
 * word, or a short number and a word, that something known begins with; a known number. None of it reaches from one field into another. Fields that
 * hold anything else than ASCII, an escape, or that do not end in their chunk are handed over as they are.
 */
export class FieldSieve {
  private readonly shapes: ShapeScanner;
  private readonly words: KnownScanner;
  private readonly filter: DigestFilter;
  private readonly key: DigestKey;
  /** By column: known words, and known numbers, may not be in it. */
  private readonly wantsWords: readonly boolean[];
  private readonly wantsNumbers: readonly boolean[];
  /** What is asked of a key of JSON. */
  private readonly keyKinds: readonly number[];
  /** By column: somebody counts its values. */
  private readonly isCounted: readonly boolean[];
  private row: number;
  private column = 0;
  /** The scanners are in the middle of a field. */
  private isPassing = false;

  private readonly lows = new Int32Array(QUESTIONS);
  private readonly highs = new Int32Array(QUESTIONS);
  private readonly fieldOf = new Int32Array(QUESTIONS);
  private readonly indices = new Int32Array(QUESTIONS + 1);
  /** Questions whose answer was no, by the lower half; a slot that is free holds what no question of its own has. */
  private readonly noLows = Int32Array.from({ length: NOES }, (_, slot) => slot ^ 1);
  private readonly noHighs = new Int32Array(NOES);
  private questions = 0;
  private readonly places = new Float64Array(FIELDS * PLACE);
  private fields = 0;

  constructor(
    private readonly table: OutputTable,
    known: KnownValues,
    key: Buffer,
    private readonly book: FindingBook,
    suspects: Suspects,
    rowsBefore = 0,
    /** Are given the columns that they want, and the end of each row. */
    private readonly readers: readonly GroupReader[] = [],
  ) {
    this.shapes = new ShapeScanner(table, book, rowsBefore);
    this.words = new KnownScanner(table, known, key, suspects, rowsBefore);
    this.filter = known.filter;
    this.key = digestKey(key);
    this.wantsWords = table.columns.map(({ knownWords }) => knownWords !== false);
    this.wantsNumbers = table.columns.map(({ knownNumbers }) => knownNumbers !== false);
    // A key begins nothing, so it must be something known itself; where single names count, it may be one.
    this.keyKinds = table.columns.map(({ singleNames }) =>
      singleNames === true ? KNOWN_KINDS.beginning : KNOWN_KINDS.whole,
    );
    const last = table.columns.length - 1;
    this.isCounted = table.columns.map(
      (_, column) => readers.some((reader) => reader.wants(column)) || (readers.length > 0 && column === last),
    );
    this.row = rowsBefore + 1;
  }

  /** @throws ScrubError copy-malformed; known-values-full when there are more suspicions than can be looked up. */
  scan(chunk: Uint8Array): void {
    this.book.bytes += chunk.length;
    let at = this.isPassing ? this.pass(chunk, 0) : 0;
    while (at >= 0 && at < chunk.length) at = this.some(chunk, at);
    this.ask(chunk);
  }

  /** Some kilobytes: a loop that comes back is compiled once. @returns as `field` */
  private some(chunk: Uint8Array, from: number): number {
    const until = Math.min(chunk.length, from + AT_ONCE);
    let at = from;
    while (at >= 0 && at < until) {
      if (this.questions > QUESTIONS / 2 || this.fields === FIELDS) this.ask(chunk);
      const start = at;
      const { column } = this;
      at = this.field(chunk, start);
      if (at >= 0) {
        if (this.isCounted[column] === true) this.count(chunk, start, at, column);
        continue;
      }
      this.ask(chunk);
      this.shapes.goTo(this.row, this.column);
      this.words.goTo(this.row, this.column);
      at = this.pass(chunk, start);
    }
    return at;
  }

  /** After the last chunk. @throws ScrubError copy-malformed when a row is left without its end. */
  end(): void {
    if (!this.isPassing) {
      this.shapes.goTo(this.row, this.column);
      this.words.goTo(this.row, this.column);
    }
    this.shapes.end();
    this.words.end();
  }

  /** Looks at one field. @returns the place behind it; -1 if it has to be handed over, with no question left of it */
  private field(chunk: Uint8Array, start: number): number {
    const { lows, highs, fieldOf, fields, noLows, noHighs } = this;
    const key0 = this.key[0];
    const key1 = this.key[1];
    const kinds = SIEVE_KINDS;
    const folds = FOLDED;
    const { length } = chunk;
    const wantsWords = this.wantsWords[this.column] === true;
    const wantsNumbers = this.wantsNumbers[this.column] === true;
    const keyKind = this.keyKinds[this.column] ?? KNOWN_KINDS.beginning;
    const first = this.questions;
    let questions = first;
    let hasShape = false;
    /** At most so many digits have the groups before, with no letter between them nor a sign that parts numbers. */
    let group = 0;
    let groupBefore = 0;
    /** Groups of one digit right before. */
    let ones = 0;
    /** Where the last group of nothing but digits begins. */
    let groupAt = 0;
    let leadLow = 0;
    let leadHigh = 0;
    let hasLead = false;
    let at = start;
    for (;;) {
      if (at === length) return -1;
      const byte = chunk[at] ?? 0;
      const kind = kinds[byte] ?? SPECIAL;
      if (kind === WORD) {
        const from = at;
        let low = key0;
        let high = key1;
        let letters = 0;
        do {
          const folded = folds[chunk[at] ?? 0] ?? 0;
          if (folded === 0) break;
          low = lowLane(low, folded);
          high = highLane(high, folded);
          letters += folded >>> 6;
        } while (++at < length);
        const count = at - from;
        if (count > LONGEST_WORD || questions + 2 > QUESTIONS) return -1;
        const digits = count - letters;
        // In such a word no number is looked for: letters stand beside its digits, and none of them announces a number.
        const isHex = letters > 0 && digits >= SHORTEST_NUMBER && isHexadecimal(chunk, from, at);
        if (
          (digits >= SHORTEST_GROUP && !isHex) ||
          (digits >= THIRD_GROUP && group >= SECOND_GROUP && groupBefore >= FIRST_GROUP) ||
          (digits > 0 && ones >= SPELLED - 1)
        ) {
          // No other shape has groups of these lengths among its own.
          const isPhone = digits === 4 && count === 4 && group === 3 && groupBefore === 3;
          if (!isPhone || !isNobodys(chunk, groupAt, from)) hasShape = true;
        }
        high = endHigh(low, high);
        low = endLow(low);
        if (letters === 0) {
          groupBefore = group;
          group = count;
          ones = count === 1 ? ones + 1 : 0;
          groupAt = from;
          if (count >= SHORTEST_NUMBER && wantsNumbers) {
            lows[questions] = ofKind(low, KNOWN_KINDS.number);
            highs[questions] = high;
            fieldOf[questions++] = fields;
          }
          hasLead = count <= LONGEST_LEAD;
          leadLow = low;
          leadHigh = high;
        } else {
          // No more than these can be at its end.
          groupBefore = 0;
          group = digits;
          ones = digits > 0 ? 1 : 0;
          if (digits >= SHORTEST_NUMBER && wantsNumbers && !isHex) return -1;
          if (wantsWords) {
            const kind = isKey(chunk, from, at) ? keyKind : KNOWN_KINDS.beginning;
            const own = ofKind(low, kind);
            const slot = own & (NOES - 1);
            if (noLows[slot] !== own || noHighs[slot] !== high) {
              lows[questions] = own;
              highs[questions] = high;
              fieldOf[questions++] = fields;
            }
            if (hasLead) {
              lows[questions] = ofKind(lowOfBoth(leadLow, leadHigh, low), kind);
              highs[questions] = highOfBoth(leadLow, leadHigh, high);
              fieldOf[questions++] = fields;
              hasLead = false;
            }
          }
        }
      } else if (kind === JOINS) at++;
      else if (kind === PARTS) {
        group = groupBefore = ones = 0;
        at++;
      } else if (kind === ENDS_FIELD) break;
      else if (kind === AT_SIGN) {
        group = groupBefore = ones = 0;
        at++;
        if (!isHarmless(chunk, at)) hasShape = true;
      } else if (byte === BACKSLASH && isNull(chunk, at, start)) at += 2;
      else return -1;
    }
    const isLast = this.column === this.table.columns.length - 1;
    if ((chunk[at] === LINE_FEED) !== isLast) return -1;
    if (hasShape) {
      this.shapes.goTo(this.row, this.column);
      this.shapes.field(chunk, start);
    }
    if (questions > first) {
      this.questions = questions;
      const to = fields * PLACE;
      this.places[to] = start;
      this.places[to + 1] = this.row;
      this.places[to + 2] = this.column;
      this.fields++;
    }
    this.next(isLast);
    return at + 1;
  }

  /** Asks what waits, and has the fields scanned in which something known may begin. */
  private ask(chunk: Uint8Array): void {
    const { lows, highs, questions, indices, noLows, noHighs } = this;
    const found = this.filter.sift(lows, highs, questions, indices);
    for (let at = 0; at < questions; at++) {
      const low = lows[at] ?? 0;
      noLows[low & (NOES - 1)] = low;
      noHighs[low & (NOES - 1)] = highs[at] ?? 0;
    }
    let last = -1;
    for (let at = 0; at < found; at++) {
      const index = indices[at] ?? 0;
      const slot = (lows[index] ?? 0) & (NOES - 1);
      noLows[slot] = slot ^ 1;
      const field = this.fieldOf[index] ?? 0;
      if (field === last) continue;
      last = field;
      const place = field * PLACE;
      this.words.goTo(this.places[place + 1] ?? 0, this.places[place + 2] ?? 0);
      this.words.field(chunk, this.places[place] ?? 0);
    }
    this.questions = this.fields = 0;
  }

  /** Hands a field over to both scanners, from its beginning or in its middle. @returns as `field` */
  private pass(chunk: Uint8Array, from: number): number {
    const end = this.shapes.field(chunk, from);
    if (this.isCounted[this.column] === true) this.count(chunk, from, end, this.column);
    this.words.field(chunk, from);
    this.isPassing = end < 0;
    if (end > 0) this.next(chunk[end - 1] === LINE_FEED);
    return end;
  }

  /** @param next the place behind the field; -1 if it goes on in the next chunk. */
  private count(chunk: Uint8Array, from: number, next: number, column: number): void {
    const { readers } = this;
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[index];
      if (reader === undefined) continue;
      if (reader.wants(column)) {
        reader.piece(chunk, from, next < 0 ? chunk.length : next - 1);
        if (next >= 0) reader.endField(column);
      }
      if (next >= 0 && column === this.table.columns.length - 1) reader.endRow();
    }
  }

  private next(isLast: boolean): void {
    if (isLast) {
      this.row++;
      this.column = 0;
    } else this.column++;
  }
}
