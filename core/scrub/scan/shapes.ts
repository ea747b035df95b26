import type { ColumnName } from "../plan";
import type { OutputColumn, OutputTable } from "./columns";
import { BACKSLASH, LINE_FEED, TAB, copyField } from "../copyText";
import { CopyText } from "./copyText";
import { MailDomain } from "./mail";
import { DigitChain } from "./numbers";
import type { FindingKind } from "./findingKinds";
import type { FindingBook } from "./report";
import { asciiKinds, AT, BREAK, DASH, DIGIT, DOT, IGNORED, JOIN, kindOf, LETTER, PAREN, SLASH, SPACE } from "./symbols";

/** Bytes that have no kind of their own. */
const ENDS_FIELD = 64;
const ESCAPES = 65;
const MANY_BYTES = 66;
const BYTES = buildBytes();
const NOTHING = new Uint8Array(0);

/** The last byte that decides nothing while no number is open. */
const LAST_IDLE = PAREN;

/**
 * Finds what has the shape of personal data in the COPY text of one table, in one pass and in any chunks: SSNs, cards,
 * phones and e-mail addresses, in whatever digits, dashes and escapes they are spelled.
 */
export class ShapeScanner extends CopyText {
  private readonly chain = new DigitChain((kind, digits) => {
    this.report(kind, digits);
  });
  /** Kind of the character before. */
  private last = BREAK;
  /** What follows an `@` that somebody's name may stand before. */
  private readonly domain = new MailDomain();
  /** The chunk that is read, where in it, and the end of the one before. */
  private chunk: Uint8Array = NOTHING;
  private position = 0;
  private tail: Uint8Array = NOTHING;
  private policy: OutputColumn;

  constructor(
    private readonly scanned: OutputTable,
    private readonly book: FindingBook,
    rowsBefore = 0,
  ) {
    super({ ...scanned, columns: scanned.columns.map(({ column }) => column) }, rowsBefore);
    this.policy = scanned.columns[0] ?? { column: "" };
  }

  /** @throws ScrubError copy-malformed for a row with more or fewer fields than the table has columns. */
  scan(chunk: Uint8Array): void {
    this.book.bytes += chunk.length;
    this.read(chunk, 0, Infinity);
  }

  /** The next byte is the first of this field; see `field`. */
  goTo(row: number, column: number): void {
    this.moveTo(row, column);
    this.policy = this.scanned.columns[column] ?? this.policy;
    this.tail = NOTHING;
  }

  /**
   * Reads on to the end of the field. Whoever calls it counts the bytes. @returns the place behind it; -1 if it goes on in
   * the next chunk
   */
  field(chunk: Uint8Array, from: number): number {
    return this.read(chunk, from, this.ended + 1);
  }

  /** @param fields after so many that ended in all, it stops. */
  private read(chunk: Uint8Array, start: number, fields: number): number {
    this.chunk = chunk;
    const { chain } = this;
    // A local is looked up once, not for each byte.
    const kinds = BYTES;
    const length = chunk.length;
    let at = start;
    while (at < length) {
      if (!this.plain) {
        this.position = at;
        this.byte(chunk[at++] ?? 0);
        if (this.ended === fields) return at;
        continue;
      }
      if (this.domain.length < 0 && !chain.open && chain.count === 0) {
        const from = at;
        while (at < length && (kinds[chunk[at] ?? 0] ?? 0) <= LAST_IDLE) at++;
        if (at > from) this.last = kinds[chunk[at - 1] ?? 0] ?? 0;
        if (at === length) break;
      }
      const byte = chunk[at] ?? 0;
      const kind = kinds[byte] ?? 0;
      this.position = at;
      if (kind >= ENDS_FIELD) {
        this.byte(byte);
        at++;
        if (this.ended === fields) return at;
      } else if (kind >= DIGIT && this.domain.length < 0) {
        chain.begin(this.isGlued, this.policy);
        at = chain.run(chunk, at);
        this.last = kind;
      } else {
        this.take(kind, byte);
        at++;
      }
    }
    this.tail = Buffer.concat([this.tail, chunk.subarray(Math.max(0, length - LONGEST_LABEL))]).subarray(
      -LONGEST_LABEL,
    );
    this.chunk = NOTHING;
    this.chunkEnd(chunk);
    return -1;
  }

  /** After the last chunk. @throws ScrubError copy-malformed when a row is left without its end. */
  end(): void {
    this.finish();
    this.book.rows += this.rows;
  }

  protected override character(code: number): void {
    this.take(kindOf(code), code);
  }

  protected override fieldEnd(): void {
    this.chain.close(false, this.policy);
    this.endDomain();
    this.last = BREAK;
    const next = this.column + 1 < this.scanned.columns.length ? this.column + 1 : 0;
    this.policy = this.scanned.columns[next] ?? this.policy;
  }

  private take(kind: number, code: number): void {
    if (kind === IGNORED) return;
    const { chain } = this;
    if (kind >= DIGIT) {
      chain.begin(this.isGlued, this.policy);
      chain.digit(kind - DIGIT);
    } else if (chain.open || chain.count > 0) {
      const goesOn = kind >= SPACE && kind <= PAREN && chain.separator(kind);
      if (!goesOn) chain.close(kind === LETTER, this.policy);
    }
    if (this.domain.length >= 0 && !this.domain.take(kind, code)) this.endDomain();
    if (kind === AT && isLocalPart(this.last)) this.domain.length = 0;
    this.last = kind;
  }

  private endDomain(): void {
    if (this.domain.length < 0) return;
    const personal = this.domain.end();
    if (personal !== undefined) this.report("email", personal);
  }

  /** The number that begins here is the end of a word; a word that announces a number does not count as one. */
  private readonly isGlued = (): boolean => {
    if (this.last !== LETTER) return false;
    let word = "";
    for (let back = 1; back < LONGEST_LABEL; back++) {
      const byte = this.before(back);
      if (BYTES[byte] !== LETTER) break;
      word = String.fromCharCode(byte | 32) + word;
      if (back === 2 && !LABEL_ENDS.has(word)) return true;
    }
    return !LABELS.has(word);
  };

  /** A byte before the one that is read, which may be of the chunk before; at most `LONGEST_LABEL` back. */
  private before(back: number): number {
    const at = this.position - back;
    return (at >= 0 ? this.chunk[at] : this.tail[this.tail.length + at]) ?? TAB;
  }

  private report(kind: FindingKind, value: string): void {
    if ((kind === "phone" || kind === "email") && this.policy.allowed?.includes(kind) === true) return;
    const { schema, table } = this.scanned;
    this.book.add({ table: `${schema}.${table}`, column: this.policy.column, row: this.row, kind }, value);
  }
}

/** Scans texts that are no rows: names of files, lines of a log, messages, a manifest. Their number is their row. */
export function scanTexts(where: ColumnName, texts: Iterable<string>, book: FindingBook): void {
  const { schema, table, column } = where;
  const scanner = new ShapeScanner({ schema, table, columns: [{ column }] }, book);
  for (const text of texts) scanner.scan(Buffer.from(`${copyField(text)}\n`));
  scanner.end();
}

/** Words that stand right before a number of a person: `SSN536…`. */
const LABELS: ReadonlySet<string> = new Set(["ssn", "ssan", "sn", "ss", "soc", "social", "tin", "itin", "taxid", "id"]);
const LABEL_ENDS: ReadonlySet<string> = new Set([...LABELS].map((label) => label.slice(-2)));
/** One more than the longest of them. */
const LONGEST_LABEL = 8;

function buildBytes(): Uint8Array {
  const bytes = new Uint8Array(256).fill(MANY_BYTES);
  bytes.set(asciiKinds());
  bytes[TAB] = bytes[LINE_FEED] = ENDS_FIELD;
  bytes[BACKSLASH] = ESCAPES;
  return bytes;
}

const isLocalPart = (kind: number): boolean =>
  kind === LETTER || kind >= DIGIT || kind === DASH || kind === DOT || kind === JOIN || kind === SLASH;
