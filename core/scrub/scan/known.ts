import type { FakeTag } from "../tags";
import { ScrubError } from "../errors";
import {
  type Digest,
  type DigestKey,
  digestKey,
  endHigh,
  endLow,
  highLane,
  highOfBoth,
  lowLane,
  lowOfBoth,
} from "./digest";
import { DigestFilter, type FilterMemory, filterMemory } from "./filter";
import { COMMON_WORDS, MOST_WORDS, SHORTEST_CODE, SHORTEST_NAME, TREATMENTS } from "./knownTags";
import { FOLDED, Words } from "./words";

/**
 * What a digest stands for; of each kind the digests are others. `beginning` is the first word of whatever has words, with
 * the number before it, if there is one: what begins nothing needs no second question.
 */
export const KNOWN_KINDS = {
  beginning: 0x3c6ef372,
  whole: 0x51ed270b,
  single: 0x1f83d9ab,
  number: 0x5be0cd19,
} as const;

/** The lower half of a digest for one of `KNOWN_KINDS`; the upper one stays, so that all kinds lie in one block of the set. */
export const ofKind = (low: number, kind: number): number => Math.imul(low ^ kind, 0x9e3779b1);

export interface KnownOptions {
  /** At least eight random bytes; the same for all that works on one snapshot, and never stored. */
  readonly key: Buffer;
  /** Words beside `COMMON_WORDS` that count as a name only together with another one, in any case. */
  readonly common?: Iterable<string>;
}

/** Digits of a number before a phrase, of a house for instance. */
export const LONGEST_LEAD = 8;
const UUID_DIGITS = 32;
/** Where its groups end, of which the first ones begin a phrase. */
const UUID_GROUPS = [8, 12, 16, 20, UUID_DIGITS];
/** Words of a value that are read; a name's last one beyond them is not. */
const MOST_READ = 16;

/** Reads values of the source in their canonical form, and says by which digests they would be recognized. */
export abstract class KnownReader {
  private readonly key: DigestKey;
  private readonly words: Words;
  private readonly lows = new Int32Array(MOST_READ);
  private readonly highs = new Int32Array(MOST_READ);
  private readonly isNumeric = new Uint8Array(MOST_READ);
  private count = 0;
  private lastLength = 0;
  /** Upper halves of the digests of common words, by the lower ones. */
  private readonly common = new Map<number, number>();
  /** The halves of a name in this row, if they came. */
  private readonly given: Digest = { low: 0, high: 0 };
  private readonly family: Digest = { low: 0, high: 0 };
  private hasGiven = false;
  private hasFamily = false;
  private isNumber = false;

  protected constructor({ key, common = [] }: KnownOptions) {
    this.key = digestKey(key);
    this.words = new Words(this.key, {
      word: (low, high, length, isNumber) => {
        this.word(low, high, length, isNumber);
      },
      number: (low, high) => {
        if (this.isNumber) this.put(low, high, KNOWN_KINDS.number);
      },
    });
    for (const text of [...COMMON_WORDS, ...common]) {
      const bytes = Buffer.from(text);
      this.cut(bytes, bytes.length);
      if (this.count === 1) this.common.set(this.low(0), this.high(0));
    }
  }

  /**
   * A value that must not ship, as the mask's observer has it.
   *
   * @param canonical UTF-8 in [0, length); numbers by their digits alone.
   */
  add(tag: FakeTag, canonical: Uint8Array, length = canonical.length): void {
    const treatment = TREATMENTS[tag];
    if (treatment === "none") return;
    this.isNumber = treatment === "number";
    if (tag === "id.uuid" && length === UUID_DIGITS && this.addUuid(canonical)) return;
    this.cut(canonical, length);
    if (this.count === 0) return;
    if (this.count === 1) {
      if (this.isNumeric[0] === 0) this.addWord(tag, this.low(0), this.high(0));
    } else if (treatment === "name" || treatment === "single") this.addName();
    else this.addPhrase(0, Math.min(this.count, MOST_WORDS));
  }

  /** The row ends: a given and a family name that came since the last end are one person's. */
  endRow(): void {
    if (this.hasGiven && this.hasFamily) {
      const { given, family } = this;
      this.addPair(given.low, given.high, family.low, family.high);
      this.addPair(family.low, family.high, given.low, given.high);
    }
    this.hasGiven = this.hasFamily = false;
  }

  /** One of the digests by which a value is recognized, of its kind already. */
  protected abstract found(low: number, high: number): void;

  private cut(bytes: Uint8Array, length: number): void {
    const { words } = this;
    this.count = 0;
    for (let at = 0; at < length;) {
      const start = at;
      if (words.isIdle) at = words.whole(bytes, at, length, true);
      if (at === start) at = words.run(bytes, at, length);
      if (at === length) break;
      const byte = bytes[at++] ?? 0;
      if (byte < 0x80) words.end();
      else {
        const more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        let code = byte & (0x3f >> more);
        for (const last = at + more; at < last; at++) code = (code << 6) | ((bytes[at] ?? 0) & 63);
        words.character(code);
      }
    }
    words.end();
  }

  private word(low: number, high: number, length: number, isNumber: boolean): void {
    if (this.isNumber || this.count === MOST_READ) return;
    // Of numbers before the first word only the last one counts, and no long one.
    if (this.count === 1 && this.isNumeric[0] === 1 && (isNumber || this.lastLength > LONGEST_LEAD)) this.count = 0;
    this.lastLength = length;
    this.lows[this.count] = low;
    this.highs[this.count] = high;
    this.isNumeric[this.count++] = isNumber ? 1 : 0;
  }

  /**
   * Its canonical form has no dashes, and ships with them or without: read once for both. @returns `false` for a value
   * that is no UUID; nothing is put then.
   */
  private addUuid(hex: Uint8Array): boolean {
    let low = this.key[0];
    let high = this.key[1];
    let letters = 0;
    this.count = 0;
    for (let group = 0, at = 0; group < UUID_GROUPS.length; group++) {
      const from = at;
      const end = UUID_GROUPS[group] ?? 0;
      const before = letters;
      let groupLow = this.key[0];
      let groupHigh = this.key[1];
      for (; at < end; at++) {
        const folded = FOLDED[hex[at] ?? 0] ?? 0;
        if (folded === 0) return false;
        low = lowLane(low, folded);
        high = highLane(high, folded);
        groupLow = lowLane(groupLow, folded);
        groupHigh = highLane(groupHigh, folded);
        letters += folded >>> 6;
      }
      this.word(endLow(groupLow), endHigh(groupLow, groupHigh), end - from, letters === before);
    }
    this.addPhrase(0, Math.min(this.count, MOST_WORDS));
    this.lastLength = UUID_DIGITS;
    if (letters > 0) this.addWord("id.uuid", endLow(low), endHigh(low, high));
    return true;
  }

  private addWord(tag: FakeTag, low: number, high: number): void {
    if (tag === "person.given") this.hasGiven = keep(low, high, this.given);
    if (tag === "person.family") this.hasFamily = keep(low, high, this.family);
    const isName = tag === "person.given" || tag === "person.family" || tag === "person.name";
    if (this.lastLength < (isName ? SHORTEST_NAME : SHORTEST_CODE)) return;
    if (isName && this.common.get(low) === high) return;
    this.put(low, high, KNOWN_KINDS.beginning);
    this.put(low, high, isName ? KNOWN_KINDS.single : KNOWN_KINDS.whole);
  }

  private addName(): void {
    const last = this.count - 1;
    this.addPhrase(0, Math.min(this.count, MOST_WORDS));
    if (last > 1) {
      this.addPhrase(0, Math.min(this.count, MOST_WORDS) - 1, last);
      this.addPair(this.low(0), this.high(0), this.low(last), this.high(last));
    }
    this.addPair(this.low(last), this.high(last), this.low(0), this.high(0));
  }

  /** @param before the word that stands before all of them. */
  private addPhrase(from: number, to: number, before?: number): void {
    let low = 0;
    let high = 0;
    let started = before !== undefined;
    let begun = started;
    if (before !== undefined) {
      low = this.low(before);
      high = this.high(before);
      this.put(low, high, KNOWN_KINDS.beginning);
    }
    for (let at = from; at < to; at++) {
      const lowBefore = low;
      low = started ? lowOfBoth(low, high, this.low(at)) : this.low(at);
      high = started ? highOfBoth(lowBefore, high, this.high(at)) : this.high(at);
      started = true;
      if (!begun && this.isNumeric[at] === 0) {
        this.put(low, high, KNOWN_KINDS.beginning);
        begun = true;
      }
    }
    this.put(low, high, KNOWN_KINDS.whole);
  }

  private addPair(low: number, high: number, otherLow: number, otherHigh: number): void {
    this.put(low, high, KNOWN_KINDS.beginning);
    this.put(lowOfBoth(low, high, otherLow), highOfBoth(low, high, otherHigh), KNOWN_KINDS.whole);
  }

  private put(low: number, high: number, kind: number): void {
    this.found(ofKind(low, kind), high);
  }

  private low(index: number): number {
    return this.lows[index] ?? 0;
  }

  private high(index: number): number {
    return this.highs[index] ?? 0;
  }
}

function keep(low: number, high: number, into: Digest): true {
  into.low = low;
  into.high = high;
  return true;
}

/** Digests that are remembered as put in; a power of two. */
const LATELY = 8192;
/** Memory of the set, whatever is put into it. */
const BYTES = 64 * 2 ** 20;

/** Memory of a set of known values, to be given to several threads. @default 64 MiB */
export const knownMemory = (bytes = BYTES): FilterMemory => filterMemory(bytes);

export interface KnownValuesOptions extends KnownOptions {
  /** What the set lies in; all that work on one snapshot have the same. @default its own, of 64 MiB */
  readonly memory?: FilterMemory;
  /** Above this share of false suspicions the set counts as full. @default 0.001 */
  readonly mostFalse?: number;
}

/**
 * The values of the source as a set of fixed size. It never misses one; what it takes for one by mistake is settled by
 * a second reading of the source (`Confirmation`).
 */
export class KnownValues extends KnownReader {
  /** Digests that were put in here, each as often as it came. */
  added = 0;
  readonly #memory: FilterMemory;
  readonly #filter: DigestFilter;
  /** Digests that were put in lately. */
  readonly #lows = new Int32Array(LATELY);
  readonly #highs = new Int32Array(LATELY);
  private readonly mostFalse: number;

  constructor(options: KnownValuesOptions) {
    super(options);
    this.#memory = options.memory ?? knownMemory();
    this.#filter = new DigestFilter(this.#memory);
    this.mostFalse = options.mostFalse ?? 0.001;
  }

  /** With all that was added here so far. */
  get filter(): DigestFilter {
    this.flush();
    return this.#filter;
  }

  /** Puts in what was added here, for other threads to find. */
  flush(): void {
    this.#filter.flush();
  }

  /**
   * After the last value, before the first scan. @returns the share of words that are suspected by mistake.
   * @throws ScrubError known-values-full, with the bytes that would do.
   */
  close(): number {
    const rate = this.filter.falsePositiveRate();
    if (rate <= this.mostFalse) return rate;
    const bytes = this.#memory.blocks.byteLength;
    throw new ScrubError("known-values-full", {}, { bytes, needed: bytes * growth(rate, this.mostFalse) });
  }

  protected override found(low: number, high: number): void {
    this.added++;
    // Names and their beginnings come again and again.
    const slot = low & (LATELY - 1);
    if (this.#lows[slot] === low && this.#highs[slot] === high) return;
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#filter.add(low, high);
  }
}

/** How many times the memory brings the rate down: of nine bits each has a table of its own, which fills with one load. */
function growth(rate: number, wanted: number): number {
  const filled = (share: number): number => -Math.log(1 - Math.min(0.999999, share ** (1 / 9)));
  return 2 ** Math.ceil(Math.log2(Math.max(2, (1.2 * filled(rate)) / filled(wanted))));
}
