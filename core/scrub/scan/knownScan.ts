import type { FakeTag } from "../tags";
import { ScrubError } from "../errors";
import type { OutputColumn, OutputTable } from "./columns";
import { BACKSLASH, LINE_FEED, TAB } from "../copyText";
import { CopyText } from "./copyText";
import { type Digest, digestBytes, type DigestKey, digestKey, digestOfBoth } from "./digest";
import { KNOWN_KINDS, LONGEST_LEAD, type KnownOptions, KnownReader, type KnownValues, ofKind } from "./known";
import { MOST_WORDS } from "./knownTags";
import type { FindingBook } from "./report";
import { WordMemo } from "./wordMemo";
import { FOLDED, Words } from "./words";

/** Something in the output that the set takes for a known value. */
interface Suspect {
  readonly table: string;
  readonly column: string;
  readonly row: number;
  /** How often it was met; only the first place is kept. */
  count: number;
}

/** Suspicions of a scan by digest; few, for only a small share of words is suspected by mistake. */
export class Suspects {
  readonly byDigest = new Map<bigint, Suspect>();

  /** @param most different ones; so many cannot be a mistake. */
  constructor(private readonly most = 100_000) {}

  /** @throws ScrubError known-values-full when there are too many to be looked up. */
  add(digest: Digest, table: string, column: string, row: number): void {
    const name = nameOf(digest);
    const known = this.byDigest.get(name);
    if (known !== undefined) known.count++;
    else if (this.byDigest.size < this.most) this.byDigest.set(name, { table, column, row, count: 1 });
    else throw new ScrubError("known-values-full", {}, { suspects: this.most });
  }
}

/** Looks for known values in the COPY text of one table, in any chunks, by words and up to four of them together. */
export class KnownScanner extends CopyText {
  private readonly words: Words;
  private policy: OutputColumn;
  /** Beginnings of known phrases that the next word may go on with. */
  private readonly open = new OpenPhrases();
  /** What was open at the last quote and at the one before, for keys of JSON are no part of what surrounds them. */
  private lastQuote = new OpenPhrases();
  private quoteBefore = new OpenPhrases();
  private quoted = false;
  private readonly memo = new WordMemo();
  private readonly digest: Digest = { low: 0, high: 0 };
  /** The number right before, if it is short. */
  private readonly lead = new Uint8Array(LONGEST_LEAD);
  private leadLength = 0;
  private readonly leading: Digest = { low: 0, high: 0 };
  private readonly key: DigestKey;
  private readonly buffer: Digest = { low: 0, high: 0 };

  constructor(
    private readonly scanned: OutputTable,
    private readonly known: KnownValues,
    key: Buffer,
    private readonly suspects: Suspects,
  ) {
    super({ ...scanned, columns: scanned.columns.map(({ column }) => column) });
    this.policy = scanned.columns[0] ?? { column: "" };
    this.key = digestKey(key);
    this.words = new Words(this.key, {
      word: (bytes, length, quick, isNumber) => {
        if (this.policy.knownWords === false) return;
        if (isNumber) this.numeric(bytes, length);
        else this.word(bytes, length, quick);
      },
      number: (digest) => {
        if (this.policy.knownNumbers !== false) this.test(digest, KNOWN_KINDS.number);
      },
    });
  }

  /** @throws ScrubError copy-malformed; known-values-full when there are more suspicions than can be looked up. */
  scan(chunk: Uint8Array): void {
    const { words } = this;
    const folds = FOLDED;
    for (let at = 0; at < chunk.length;) {
      const byte = chunk[at] ?? 0;
      if (!this.plain || byte >= 0x80 || byte === TAB || byte === LINE_FEED || byte === BACKSLASH) {
        this.byte(byte);
        at++;
      } else if (this.policy.knownWords === false && this.policy.knownNumbers === false) {
        at = endOfField(chunk, at);
      } else if (folds[byte] !== 0) {
        this.quoted = false;
        at = words.run(chunk, at);
      } else {
        words.end();
        this.between(byte);
        at++;
      }
    }
  }

  end(): void {
    this.finish();
  }

  protected override character(code: number): void {
    this.words.character(code);
    this.between(code);
  }

  /** A character that may separate a key of JSON from its value. */
  private between(code: number): void {
    if (code === 34) this.quote();
    else if (code === 58 && this.quoted) this.forgetKey();
    else if (code > 32) this.quoted = false;
  }

  protected override fieldEnd(): void {
    this.words.end();
    this.open.count = this.lastQuote.count = this.quoteBefore.count = 0;
    this.quoted = false;
    this.leadLength = 0;
    const next = this.column + 1 < this.scanned.columns.length ? this.column + 1 : 0;
    this.policy = this.scanned.columns[next] ?? this.policy;
  }

  private quote(): void {
    const oldest = this.quoteBefore;
    this.quoteBefore = this.lastQuote;
    this.lastQuote = oldest;
    oldest.copy(this.open);
    this.quoted = true;
  }

  /** A quote and a colon: the words since the quote before it were a key. */
  private forgetKey(): void {
    this.open.copy(this.quoteBefore);
    this.quoted = false;
  }

  /** Goes on with all phrases that are open, and opens one. */
  private word(bytes: Uint8Array, length: number, quick: number): void {
    const { open, memo, digest } = this;
    const slot = memo.find(bytes, length, quick);
    if (slot >= 0 && this.leadLength === 0 && open.count === 0 && !memo.isBeginning(slot)) return;
    let begins: boolean;
    if (slot >= 0) {
      memo.digestOf(slot, digest);
      begins = memo.isBeginning(slot);
    } else {
      digestBytes(this.key, bytes, 0, length, digest);
      begins = this.isKnown(digest, KNOWN_KINDS.beginning);
      memo.put(bytes, length, quick, digest, begins);
    }
    open.goOn(digest, this.isWhole);
    if (this.leadLength > 0) this.openAfterNumber();
    if (!begins) return;
    this.test(digest, KNOWN_KINDS.whole);
    if (this.policy.singleNames === true) this.test(digest, KNOWN_KINDS.single);
    open.add(digest, 1);
  }

  /** Goes on with what is open; begins something only together with the word after it. */
  private numeric(bytes: Uint8Array, length: number): void {
    this.leadLength = length > LONGEST_LEAD ? 0 : length;
    for (let at = 0; at < this.leadLength; at++) this.lead[at] = bytes[at] ?? 0;
    if (this.open.count === 0) return;
    digestBytes(this.key, bytes, 0, length, this.digest);
    this.open.goOn(this.digest, this.isWhole);
  }

  private openAfterNumber(): void {
    const { leading } = this;
    digestBytes(this.key, this.lead, 0, this.leadLength, leading);
    this.leadLength = 0;
    digestOfBoth(leading, this.digest, leading);
    if (!this.isKnown(leading, KNOWN_KINDS.beginning)) return;
    this.test(leading, KNOWN_KINDS.whole);
    this.open.add(leading, 2);
  }

  private readonly isWhole = (chained: Digest): void => {
    this.test(chained, KNOWN_KINDS.whole);
  };

  private isKnown(digest: Digest, kind: number): boolean {
    return this.known.filter.has(ofKind(digest, kind, this.buffer));
  }

  private test(digest: Digest, kind: number): void {
    if (!this.isKnown(digest, kind)) return;
    const { schema, table } = this.scanned;
    this.suspects.add(this.buffer, `${schema}.${table}`, this.policy.column, this.row);
  }
}

/** Phrases that began like a known one, by the digest of their words so far. */
class OpenPhrases {
  count = 0;
  private readonly digests = Array.from({ length: MOST_WORDS }, (): Digest => ({ low: 0, high: 0 }));
  private readonly words = new Uint8Array(MOST_WORDS);

  /** @param longer is told each phrase with one word more. */
  goOn(word: Digest, longer: (chained: Digest) => void): void {
    let still = 0;
    for (let at = 0; at < this.count; at++) {
      const chained = this.digests[at];
      if (chained === undefined) continue;
      digestOfBoth(chained, word, chained);
      longer(chained);
      const words = (this.words[at] ?? 0) + 1;
      if (words < MOST_WORDS) this.set(still++, chained, words);
    }
    this.count = still;
  }

  add(digest: Digest, words: number): void {
    if (this.count < MOST_WORDS) this.set(this.count++, digest, words);
  }

  copy(other: OpenPhrases): void {
    for (let at = 0; at < other.count; at++)
      this.set(at, other.digests[at] ?? { low: 0, high: 0 }, other.words[at] ?? 0);
    this.count = other.count;
  }

  private set(at: number, { low, high }: Digest, words: number): void {
    const digest = this.digests[at];
    if (digest === undefined) return;
    digest.low = low;
    digest.high = high;
    this.words[at] = words;
  }
}

/**
 * The second reading of the source: says which suspicions are values of it, by 64 bits of digest instead of a filter's.
 * Needed only where there are any.
 */
export class Confirmation extends KnownReader {
  private readonly confirmed = new Set<bigint>();

  constructor(
    options: KnownOptions,
    private readonly suspects: Suspects,
    private readonly book: FindingBook,
  ) {
    super(options);
  }

  override add(tag: FakeTag, canonical: Uint8Array, length = canonical.length): void {
    if (this.suspects.byDigest.size > 0) super.add(tag, canonical, length);
  }

  protected override found(digest: Digest): void {
    const name = nameOf(digest);
    const suspect = this.suspects.byDigest.get(name);
    if (suspect === undefined || this.confirmed.has(name)) return;
    this.confirmed.add(name);
    const { table, column, row, count } = suspect;
    this.book.add({ table, column, row, kind: "known" }, name.toString(16), count);
  }
}

const nameOf = ({ low, high }: Digest): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

function endOfField(chunk: Uint8Array, from: number): number {
  let at = from;
  while (at < chunk.length && chunk[at] !== TAB && chunk[at] !== LINE_FEED && chunk[at] !== BACKSLASH) at++;
  return at;
}
