import type { FakeTag } from "../tags";
import { ScrubError } from "../errors";
import { type Digest, digestBytes, digestKey, digestOfBoth } from "./digest";
import { DigestFilter } from "./filter";
import { COMMON_WORDS, MOST_WORDS, SHORTEST_CODE, SHORTEST_NAME, TREATMENTS } from "./knownTags";
import { Words } from "./words";

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

/** All kinds of one digest lie in one block of the set. @param kind one of `KNOWN_KINDS`. */
export function ofKind(digest: Digest, kind: number, into: Digest): Digest {
  into.low = Math.imul(digest.low ^ kind, 0x9e3779b1);
  into.high = digest.high;
  return into;
}

export interface KnownOptions {
  /** At least eight random bytes; the same for all that works on one snapshot, and never stored. */
  readonly key: Buffer;
  /** Words beside `COMMON_WORDS` that count as a name only together with another one, in any case. */
  readonly common?: Iterable<string>;
}

/** Digits of a number before a phrase, of a house for instance. */
export const LONGEST_LEAD = 8;
/** Words of a value that are read; a name's last one beyond them is not. */
const MOST_READ = 16;

/** Reads values of the source in their canonical form, and says by which digests they would be recognized. */
export abstract class KnownReader {
  private readonly words: Words;
  private readonly read = Array.from({ length: MOST_READ }, (): Digest => ({ low: 0, high: 0 }));
  private readonly isNumeric: boolean[] = Array.from({ length: MOST_READ }, () => false);
  private count = 0;
  private lastLength = 0;
  private readonly buffer: Digest = { low: 0, high: 0 };
  private readonly chained: Digest = { low: 0, high: 0 };
  private readonly common = new Set<string>();
  /** The halves of a name in this row, if they came. */
  private readonly given: Digest = { low: 0, high: 0 };
  private readonly family: Digest = { low: 0, high: 0 };
  private hasGiven = false;
  private hasFamily = false;
  private isNumber = false;

  protected constructor({ key, common = [] }: KnownOptions) {
    const parts = digestKey(key);
    this.words = new Words(parts, {
      word: (bytes, length, _quick, isNumber) => {
        if (this.isNumber || this.count === MOST_READ) return;
        // Of numbers before the first word only the last one counts, and no long one.
        if (this.count === 1 && this.isNumeric[0] === true && (isNumber || this.lastLength > LONGEST_LEAD))
          this.count = 0;
        this.lastLength = length;
        this.isNumeric[this.count] = isNumber;
        digestBytes(parts, bytes, 0, length, this.at(this.count++));
      },
      number: (digest) => {
        if (this.isNumber) this.put(digest, KNOWN_KINDS.number);
      },
    });
    for (const text of [...COMMON_WORDS, ...common]) {
      const bytes = Buffer.from(text);
      this.cut(bytes, bytes.length);
      if (this.count === 1) this.common.add(textOf(this.at(0)));
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
    this.cut(canonical, length);
    if (this.count === 0) return;
    if (tag === "id.uuid" && length === 32) this.addUuid(canonical);
    if (this.count === 1) {
      if (this.isNumeric[0] === false) this.addWord(tag, this.at(0));
    } else if (treatment === "name" || treatment === "single") this.addName();
    else this.addPhrase(0, Math.min(this.count, MOST_WORDS));
  }

  /** The row ends: a given and a family name that came since the last end are one person's. */
  endRow(): void {
    if (this.hasGiven && this.hasFamily) {
      this.addPair(this.given, this.family);
      this.addPair(this.family, this.given);
    }
    this.hasGiven = this.hasFamily = false;
  }

  protected abstract found(digest: Digest): void;

  private cut(bytes: Uint8Array, length: number): void {
    const { words } = this;
    this.count = 0;
    for (let at = words.run(bytes, 0, length); at < length; at = words.run(bytes, at, length)) {
      if ((bytes[at] ?? 0) >= 0x80) {
        for (const character of Buffer.from(bytes.subarray(at, length)).toString())
          words.character(character.codePointAt(0) ?? 0);
        break;
      }
      words.end();
      at++;
    }
    words.end();
  }

  /** Its canonical form has no dashes, and ships with them. */
  private addUuid(hex: Uint8Array): void {
    const text = Buffer.from(hex.subarray(0, 32)).toString("latin1");
    const parts = Buffer.from(text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1 $2 $3 $4 "));
    this.cut(parts, parts.length);
    this.addPhrase(0, MOST_WORDS);
    this.cut(hex, 32);
  }

  private addWord(tag: FakeTag, word: Digest): void {
    if (tag === "person.given") this.hasGiven = copy(word, this.given);
    if (tag === "person.family") this.hasFamily = copy(word, this.family);
    const isName = tag === "person.given" || tag === "person.family" || tag === "person.name";
    if (this.lastLength < (isName ? SHORTEST_NAME : SHORTEST_CODE)) return;
    if (isName && this.common.has(textOf(word))) return;
    this.put(word, KNOWN_KINDS.beginning);
    this.put(word, isName ? KNOWN_KINDS.single : KNOWN_KINDS.whole);
  }

  private addName(): void {
    const { count } = this;
    const [first, last] = [this.at(0), this.at(count - 1)];
    this.addPhrase(0, Math.min(count, MOST_WORDS));
    if (count === 2) this.addPair(last, first);
    else {
      this.addPhrase(0, Math.min(count, MOST_WORDS) - 1, last);
      this.addPair(first, last);
      this.addPair(last, first);
    }
  }

  /** @param before stands before all of them. */
  private addPhrase(from: number, to: number, before?: Digest): void {
    const { chained } = this;
    let started = before !== undefined && copy(before, chained);
    let begun = started;
    if (started) this.put(chained, KNOWN_KINDS.beginning);
    for (let at = from; at < to; at++) {
      if (started) digestOfBoth(chained, this.at(at), chained);
      else started = copy(this.at(at), chained);
      if (!begun && this.isNumeric[at] === false) {
        this.put(chained, KNOWN_KINDS.beginning);
        begun = true;
      }
    }
    this.put(chained, KNOWN_KINDS.whole);
  }

  private addPair(one: Digest, other: Digest): void {
    this.put(one, KNOWN_KINDS.beginning);
    digestOfBoth(one, other, this.chained);
    this.put(this.chained, KNOWN_KINDS.whole);
  }

  private put(digest: Digest, kind: number): void {
    this.found(ofKind(digest, kind, this.buffer));
  }

  private at(index: number): Digest {
    return this.read[index] ?? this.chained;
  }
}

const textOf = ({ low, high }: Digest): string => `${low},${high}`;

function copy(from: Digest, to: Digest): true {
  to.low = from.low;
  to.high = from.high;
  return true;
}

export interface KnownValuesOptions extends KnownOptions {
  /** Memory of the set, whatever is put into it. @default 64 MiB */
  readonly bytes?: number;
  /** Above this share of false suspicions the set counts as full. @default 0.001 */
  readonly mostFalse?: number;
}

/**
 * The values of the source as a set of fixed size. It never misses one; what it takes for one by mistake is settled by
 * a second reading of the source (`Confirmation`).
 */
export class KnownValues extends KnownReader {
  readonly filter: DigestFilter;
  /** Digests that were put in, each as often as it came. */
  added = 0;
  private readonly mostFalse: number;

  constructor(private readonly options: KnownValuesOptions) {
    super(options);
    this.filter = new DigestFilter(options.bytes ?? 64 * 2 ** 20);
    this.mostFalse = options.mostFalse ?? 0.001;
  }

  /** The values that another worker read. */
  merge(bits: Uint32Array, added: number): void {
    this.filter.merge(bits);
    this.added += added;
  }

  /**
   * After the last value, before the first scan. @returns the share of words that are suspected by mistake.
   * @throws ScrubError known-values-full, with the bytes that would do.
   */
  close(): number {
    const rate = this.filter.falsePositiveRate();
    if (rate <= this.mostFalse) return rate;
    const bytes = this.options.bytes ?? 64 * 2 ** 20;
    throw new ScrubError("known-values-full", {}, { bytes, needed: bytes * growth(rate, this.mostFalse) });
  }

  protected override found(digest: Digest): void {
    this.filter.add(digest);
    this.added++;
  }
}

/** How many times the memory brings the rate down: a full word of n bits has n times fewer with n times the room. */
function growth(rate: number, wanted: number): number {
  const filled = (share: number): number => -Math.log(1 - Math.min(0.999999, share ** (1 / 8)));
  return 2 ** Math.ceil(Math.log2(Math.max(2, (1.2 * filled(rate)) / filled(wanted))));
}
