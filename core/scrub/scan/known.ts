import type { FakeTag } from "../tags";
import { ScrubError } from "../errors";
import { type Digest, digestKey, digestOfBoth } from "./digest";
import { DigestFilter } from "./filter";
import { COMMON_WORDS, MOST_WORDS, SHORTEST_CODE, SHORTEST_NAME, TREATMENTS } from "./knownTags";
import { Words } from "./words";

/** What a digest stands for; of each kind the digests are others. */
export const KNOWN_KINDS = { prefix: 0x3c6ef372, whole: 0x51ed270b, single: 0x1f83d9ab, number: 0x5be0cd19 } as const;

/** @param kind one of `KNOWN_KINDS`. */
export function ofKind(digest: Digest, kind: number, into: Digest): Digest {
  into.low = Math.imul(digest.low ^ kind, 0x9e3779b1);
  into.high = digest.high ^ Math.imul(kind, 0x85ebca77);
  return into;
}

export interface KnownOptions {
  /** At least eight random bytes; the same for all that works on one snapshot, and never stored. */
  readonly key: Buffer;
  /** Words beside `COMMON_WORDS` that count as a name only together with another one, in any case. */
  readonly common?: Iterable<string>;
}

/** Reads values of the source in their canonical form, and says by which digests they would be recognized. */
export abstract class KnownReader {
  private readonly words: Words;
  private readonly of: Digest[] = [];
  private count = 0;
  private shortest = 0;
  private readonly buffer: Digest = { low: 0, high: 0 };
  private readonly chained: Digest = { low: 0, high: 0 };
  private readonly common = new Set<string>();
  private readonly halves: Record<"given" | "family", Digest | undefined> = { given: undefined, family: undefined };
  private treated: "number" | "words" = "words";

  protected constructor({ key, common = [] }: KnownOptions) {
    this.words = new Words(digestKey(key), {
      word: (digest, length) => {
        this.shortest = length;
        if (this.count < this.of.length) Object.assign(this.of[this.count] ?? {}, digest);
        else this.of.push({ ...digest });
        this.count++;
      },
      number: (digest) => {
        if (this.treated === "number") this.put(digest, KNOWN_KINDS.number);
      },
    });
    for (const text of [...COMMON_WORDS, ...common]) {
      const bytes = Buffer.from(text);
      this.read(bytes, bytes.length);
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
    this.treated = treatment === "number" ? "number" : "words";
    this.read(canonical, length);
    if (this.count === 0 || treatment === "number") return;
    if (tag === "id.uuid" && length === 32) this.addUuid(canonical);
    if (this.count === 1) this.addWord(tag, this.at(0));
    else if (treatment === "name" || treatment === "single") this.addName();
    else this.addPhrase(this.of.slice(0, Math.min(this.count, MOST_WORDS)));
  }

  /** The row ends: a given and a family name that came since the last end are one person's. */
  endRow(): void {
    const { given, family } = this.halves;
    if (given !== undefined && family !== undefined) {
      this.addPhrase([given, family]);
      this.addPhrase([family, given]);
    }
    this.halves.given = this.halves.family = undefined;
  }

  protected abstract found(digest: Digest): void;

  private read(bytes: Uint8Array, length: number): void {
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
    this.read(parts, parts.length);
    this.addPhrase(this.of.slice(0, MOST_WORDS));
    this.read(hex, 32);
  }

  private addWord(tag: FakeTag, word: Digest): void {
    if (tag === "person.given") this.halves.given = { ...word };
    if (tag === "person.family") this.halves.family = { ...word };
    const isName = tag === "person.given" || tag === "person.family" || tag === "person.name";
    if (this.shortest < (isName ? SHORTEST_NAME : SHORTEST_CODE)) return;
    if (!isName) this.put(word, KNOWN_KINDS.whole);
    else if (!this.common.has(textOf(word))) this.put(word, KNOWN_KINDS.single);
  }

  private addName(): void {
    const names = this.of.slice(0, this.count);
    const first = this.at(0);
    const last = this.at(this.count - 1);
    this.addPhrase(names.slice(0, MOST_WORDS));
    this.addPhrase([last, ...names.slice(0, Math.min(this.count, MOST_WORDS) - 1)]);
    if (this.count === 2) return;
    this.addPhrase([first, last]);
    this.addPhrase([last, first]);
  }

  /** All its beginnings too, so that whoever looks for it can stop at the first word that begins nothing. */
  private addPhrase(words: readonly Digest[]): void {
    const { chained } = this;
    words.forEach((word, at) => {
      if (at === 0) Object.assign(chained, word);
      else digestOfBoth(chained, word, chained);
      this.put(chained, at === words.length - 1 ? KNOWN_KINDS.whole : KNOWN_KINDS.prefix);
    });
  }

  private put(digest: Digest, kind: number): void {
    this.found(ofKind(digest, kind, this.buffer));
  }

  private at(index: number): Digest {
    return this.of[index] ?? this.chained;
  }
}

const textOf = ({ low, high }: Digest): string => `${low},${high}`;

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
