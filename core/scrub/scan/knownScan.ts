import type { FakeTag } from "../tags";
import { ScrubError } from "../errors";
import type { OutputColumn, OutputTable } from "./columns";
import { BACKSLASH, CopyText, NEWLINE, TAB } from "./copyText";
import { type Digest, digestKey, digestOfBoth } from "./digest";
import { KNOWN_KINDS, type KnownOptions, KnownReader, type KnownValues, ofKind } from "./known";
import { MOST_WORDS } from "./knownTags";
import type { FindingBook } from "./report";
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
  private readonly open: Digest[] = Array.from({ length: MOST_WORDS }, () => ({ low: 0, high: 0 }));
  private openCount = 0;
  /** What was open at the last quote and at the one before, for keys of JSON are no part of what surrounds them. */
  private readonly atQuotes: [Digest[], Digest[]] = [[], []];
  private quoted = false;
  private readonly buffer: Digest = { low: 0, high: 0 };

  constructor(
    private readonly scanned: OutputTable,
    private readonly known: KnownValues,
    key: Buffer,
    private readonly suspects: Suspects,
  ) {
    super({ ...scanned, columns: scanned.columns.map(({ column }) => column) });
    this.policy = scanned.columns[0] ?? { column: "" };
    this.words = new Words(digestKey(key), {
      word: (digest) => {
        this.word(digest);
      },
      number: (digest) => {
        if (this.policy.knownNumbers !== false) this.test(digest, KNOWN_KINDS.number);
      },
    });
  }

  /** @throws ScrubError copy-malformed; known-values-full when there are more suspicions than can be looked up. */
  scan(chunk: Uint8Array): void {
    const { words } = this;
    for (let at = 0; at < chunk.length;) {
      const byte = chunk[at] ?? 0;
      if (!this.plain || byte >= 0x80 || byte === TAB || byte === NEWLINE || byte === BACKSLASH) {
        this.byte(byte);
        at++;
      } else if (this.policy.knownWords === false && this.policy.knownNumbers === false) {
        at = endOfField(chunk, at);
      } else if (FOLDED[byte] !== 0) {
        this.quoted = false;
        at = words.run(chunk, at);
      } else {
        this.character(byte);
        at++;
      }
    }
  }

  end(): void {
    this.finish();
  }

  protected override character(code: number): void {
    this.words.character(code);
    if (code === 34) this.quote();
    else if (code === 58 && this.quoted) this.forgetKey();
    else if (code > 32) this.quoted = false;
  }

  protected override fieldEnd(): void {
    this.words.end();
    this.openCount = 0;
    this.atQuotes[0].length = this.atQuotes[1].length = 0;
    this.quoted = false;
    const next = this.column + 1 < this.scanned.columns.length ? this.column + 1 : 0;
    this.policy = this.scanned.columns[next] ?? this.policy;
  }

  private quote(): void {
    this.words.end();
    const [before, last] = this.atQuotes;
    this.atQuotes[0] = last;
    this.atQuotes[1] = before;
    before.length = 0;
    for (let at = 0; at < this.openCount; at++) before.push({ ...(this.open[at] ?? this.buffer) });
    this.quoted = true;
  }

  /** A quote and a colon: the words since the quote before it were a key. */
  private forgetKey(): void {
    this.atQuotes[0].forEach((digest, at) => Object.assign(this.open[at] ?? {}, digest));
    this.openCount = this.atQuotes[0].length;
    this.quoted = false;
  }

  /** Goes on with all phrases that are open, and opens one. */
  private word(word: Digest): void {
    const { open, policy } = this;
    if (policy.knownWords === false) return;
    let still = 0;
    for (let at = 0; at < this.openCount; at++) {
      const chained = open[at] ?? this.buffer;
      digestOfBoth(chained, word, chained);
      this.test(chained, KNOWN_KINDS.whole);
      if (this.isKnown(chained, KNOWN_KINDS.prefix)) Object.assign(open[still++] ?? {}, chained);
    }
    this.test(word, KNOWN_KINDS.whole);
    if (policy.singleNames === true) this.test(word, KNOWN_KINDS.single);
    if (still < MOST_WORDS && this.isKnown(word, KNOWN_KINDS.prefix)) Object.assign(open[still++] ?? {}, word);
    this.openCount = still;
  }

  private isKnown(digest: Digest, kind: number): boolean {
    return this.known.filter.has(ofKind(digest, kind, this.buffer));
  }

  private test(digest: Digest, kind: number): void {
    if (!this.isKnown(digest, kind)) return;
    const { schema, table } = this.scanned;
    this.suspects.add(this.buffer, `${schema}.${table}`, this.policy.column, this.row);
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
  while (at < chunk.length && chunk[at] !== TAB && chunk[at] !== NEWLINE && chunk[at] !== BACKSLASH) at++;
  return at;
}
