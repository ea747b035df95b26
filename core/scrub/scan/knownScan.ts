import type { FakeTag } from "../tags";
import type { OutputColumn, OutputTable } from "./columns";
import { BACKSLASH, LINE_FEED, TAB } from "../copyText";
import { CopyText } from "./copyText";
import { type Digest, digestKey, highOfBoth, lowOfBoth } from "./digest";
import type { DigestFilter } from "./filter";
import { KNOWN_KINDS, LONGEST_LEAD, type KnownOptions, KnownReader, type KnownValues, ofKind } from "./known";
import { MOST_WORDS } from "./knownTags";
import type { Suspects } from "./suspects";
import { WordMemo } from "./wordMemo";
import { FOLDED, Words } from "./words";

/** What a byte is to the scan. */
const WORD = 0;
const BLANK = 1;
const BETWEEN = 2;
const SPECIAL = 3;
const ENDS_FIELD = 4;
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === TAB || byte === LINE_FEED) return ENDS_FIELD;
  if (byte >= 0x80 || byte === BACKSLASH) return SPECIAL;
  if (FOLDED[byte] !== 0) return WORD;
  return byte <= 32 ? BLANK : BETWEEN;
});

/** Looks for known values in the COPY text of one table, in any chunks, by words and up to four of them together. */
export class KnownScanner extends CopyText {
  private readonly words: Words;
  private policy: OutputColumn;
  /** The column may hold anything known. */
  private skips = false;
  /** Beginnings of known phrases that the next word may go on with. */
  private readonly open = new OpenPhrases();
  /** What was open at the last quote and at the one before, for keys of JSON are no part of what surrounds them. */
  private lastQuote = new OpenPhrases();
  private quoteBefore = new OpenPhrases();
  private quoted = false;
  private readonly memo = new WordMemo();
  /** The number right before, if it is short. */
  private readonly lead: Digest = { low: 0, high: 0 };
  private hasLead = false;
  private readonly known: DigestFilter;

  constructor(
    private readonly scanned: OutputTable,
    known: KnownValues,
    key: Buffer,
    private readonly suspects: Suspects,
    rowsBefore = 0,
  ) {
    super({ ...scanned, columns: scanned.columns.map(({ column }) => column) }, rowsBefore);
    this.policy = scanned.columns[0] ?? { column: "" };
    this.enterColumn(this.policy);
    this.known = known.filter;
    this.words = new Words(digestKey(key), {
      word: (low, high, length, isNumber) => {
        if (this.policy.knownWords === false) return;
        if (isNumber) this.numeric(low, high, length);
        else this.word(low, high);
      },
      number: (low, high) => {
        if (this.policy.knownNumbers !== false) this.test(low, high, KNOWN_KINDS.number);
      },
    });
  }

  /** @throws ScrubError copy-malformed; known-values-full when there are more suspicions than can be looked up. */
  scan(chunk: Uint8Array): void {
    this.read(chunk, 0, Infinity);
  }

  /** The next byte is the first of this field; see `field`. */
  goTo(row: number, column: number): void {
    this.moveTo(row, column);
    this.enterColumn(this.scanned.columns[column] ?? this.policy);
  }

  /** Reads on to the end of the field. @returns the place behind it; -1 if it goes on in the next chunk. */
  field(chunk: Uint8Array, from: number): number {
    return this.read(chunk, from, this.ended + 1);
  }

  /** @param fields after so many that ended in all, it stops. */
  private read(chunk: Uint8Array, from: number, fields: number): number {
    const { words } = this;
    const bytes = BYTES;
    const { length } = chunk;
    for (let at = from; at < length;) {
      const byte = chunk[at] ?? 0;
      const kind = this.plain ? (bytes[byte] ?? 0) : SPECIAL;
      if (kind === WORD && !this.skips) {
        this.quoted = false;
        const end = words.isIdle ? words.whole(chunk, at, length, false) : at;
        at = end > at ? end : words.run(chunk, at);
      } else if (kind === ENDS_FIELD) {
        if (byte === TAB) this.endField();
        else this.endRow();
        at++;
        if (this.ended === fields) return at;
      } else if (kind === SPECIAL) {
        this.byte(byte);
        at++;
        if (this.ended === fields) return at;
      } else if (this.skips) {
        at = endOfField(chunk, at);
      } else {
        words.end();
        if (kind === BLANK) while (at < length && bytes[chunk[at] ?? 0] === BLANK) at++;
        else {
          this.between(byte);
          at++;
        }
      }
    }
    this.chunkEnd(chunk);
    return -1;
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
    this.hasLead = false;
    const next = this.column + 1 < this.scanned.columns.length ? this.column + 1 : 0;
    this.enterColumn(this.scanned.columns[next] ?? this.policy);
  }

  private enterColumn(policy: OutputColumn): void {
    this.policy = policy;
    this.skips = policy.knownWords === false && policy.knownNumbers === false;
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
  private word(low: number, high: number): void {
    const { open } = this;
    const begins = this.memo.begins(low, high, this.isBeginning);
    if (open.count > 0) open.goOn(low, high, this.isWhole);
    if (this.hasLead) this.openAfterNumber(low, high);
    if (!begins) return;
    this.test(low, high, KNOWN_KINDS.whole);
    if (this.policy.singleNames === true) this.test(low, high, KNOWN_KINDS.single);
    open.add(low, high, 1);
  }

  /** Goes on with what is open; begins something only together with the word after it. */
  private numeric(low: number, high: number, length: number): void {
    this.hasLead = length <= LONGEST_LEAD;
    this.lead.low = low;
    this.lead.high = high;
    if (this.open.count > 0) this.open.goOn(low, high, this.isWhole);
  }

  private openAfterNumber(wordLow: number, wordHigh: number): void {
    this.hasLead = false;
    const { lead } = this;
    const low = lowOfBoth(lead.low, lead.high, wordLow);
    const high = highOfBoth(lead.low, lead.high, wordHigh);
    if (!this.isBeginning(low, high)) return;
    this.test(low, high, KNOWN_KINDS.whole);
    this.open.add(low, high, 2);
  }

  private readonly isWhole = (low: number, high: number): void => {
    this.test(low, high, KNOWN_KINDS.whole);
  };

  private readonly isBeginning = (low: number, high: number): boolean =>
    this.known.has(ofKind(low, KNOWN_KINDS.beginning), high);

  private test(low: number, high: number, kind: number): void {
    const own = ofKind(low, kind);
    if (!this.known.has(own, high)) return;
    const { schema, table } = this.scanned;
    this.suspects.add(own, high, `${schema}.${table}`, this.policy.column, this.row);
  }
}

/** Phrases that began like a known one, by the digest of their words so far. */
class OpenPhrases {
  count = 0;
  private readonly lows = new Int32Array(MOST_WORDS);
  private readonly highs = new Int32Array(MOST_WORDS);
  private readonly words = new Uint8Array(MOST_WORDS);

  /** @param longer is told each phrase with one word more. */
  goOn(wordLow: number, wordHigh: number, longer: (low: number, high: number) => void): void {
    let still = 0;
    for (let at = 0; at < this.count; at++) {
      const [before, highBefore] = [this.lows[at] ?? 0, this.highs[at] ?? 0];
      const low = lowOfBoth(before, highBefore, wordLow);
      const high = highOfBoth(before, highBefore, wordHigh);
      longer(low, high);
      const words = (this.words[at] ?? 0) + 1;
      if (words < MOST_WORDS) this.set(still++, low, high, words);
    }
    this.count = still;
  }

  add(low: number, high: number, words: number): void {
    if (this.count < MOST_WORDS) this.set(this.count++, low, high, words);
  }

  copy(other: OpenPhrases): void {
    for (let at = 0; at < other.count; at++)
      this.set(at, other.lows[at] ?? 0, other.highs[at] ?? 0, other.words[at] ?? 0);
    this.count = other.count;
  }

  private set(at: number, low: number, high: number, words: number): void {
    this.lows[at] = low;
    this.highs[at] = high;
    this.words[at] = words;
  }
}

/**
 * The second reading of the source: says which suspicions are values of it, by 64 bits of digest instead of a filter's.
 * Needed only where there are any.
 */
export class Confirmation extends KnownReader {
  private readonly confirmed = new Set<bigint>();

  /** @param confirm is told each suspicion that is true, once. */
  constructor(
    options: KnownOptions,
    private readonly suspects: Suspects,
    private readonly confirm: (digest: bigint) => void,
  ) {
    super(options);
  }

  override add(tag: FakeTag, canonical: Uint8Array, length = canonical.length): void {
    if (this.suspects.byDigest.size > 0) super.add(tag, canonical, length);
  }

  protected override found(low: number, high: number): void {
    const digest = this.suspects.find(low, high);
    if (digest === undefined || this.confirmed.has(digest)) return;
    this.confirmed.add(digest);
    this.confirm(digest);
  }
}

function endOfField(chunk: Uint8Array, from: number): number {
  let at = from;
  while (at < chunk.length && chunk[at] !== TAB && chunk[at] !== LINE_FEED && chunk[at] !== BACKSLASH) at++;
  return at;
}
