import { BACKSLASH, LINE_FEED, TAB } from "../copyText";
import { ScrubError } from "../errors";

const PLAIN = 0;
const SLASHES = 1;
const UNICODE = 2;
const OCTAL = 3;
const HEX = 4;
const UTF8 = 5;

/** A table whose rows are read; columns in the order of the rows. */
export interface CopyTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/**
 * Reads COPY text in chunks of any size and hands out characters, with all that could hide one undone: escapes of COPY
 * (`\t`, `\061`, `\x31`), escapes of JSON however often it was nested (`\\u0031`, `\\n`), UTF-8 and surrogate pairs.
 * Remembers nothing of a value but the character that it is at.
 */
export abstract class CopyText {
  /** From 1, as people count. */
  protected row: number;
  /** From 0, an index of the table's columns. */
  protected column = 0;
  private mode = PLAIN;
  private count = 0;
  private value = 0;
  private surrogate = 0;
  private atRowStart = true;
  /** Fields that ended so far, in whichever place. */
  protected ended = 0;

  /** @param rowsBefore of the table, which others read. */
  protected constructor(
    protected readonly table: CopyTable,
    private readonly rowsBefore = 0,
  ) {
    this.row = rowsBefore + 1;
  }

  /** Rows that ended here so far. */
  get rows(): number {
    return this.row - 1 - this.rowsBefore;
  }

  protected abstract character(code: number): void;
  /** A field ends; `row` and `column` are still its own. */
  protected abstract fieldEnd(): void;

  /** The next byte is the first one of a field that is not the next one: others have been read meanwhile. */
  protected moveTo(row: number, column: number): void {
    this.row = row;
    this.column = column;
    this.atRowStart = column === 0;
  }

  /** A chunk is over; without a byte that says so, a row that began in it has not ended. */
  protected chunkEnd(chunk: Uint8Array): void {
    if (chunk.length > 0 && chunk[chunk.length - 1] !== LINE_FEED) this.atRowStart = false;
  }

  /** Nothing is half read: the next byte stands for itself. */
  protected get plain(): boolean {
    return this.mode === PLAIN;
  }

  /** @throws ScrubError copy-malformed when the last row did not end. */
  protected finish(): void {
    if (!this.atRowStart || this.mode !== PLAIN) throw this.malformed();
  }

  protected endField(): void {
    this.fieldEnd();
    this.ended++;
    this.column++;
    this.atRowStart = false;
    if (this.column === this.table.columns.length) throw this.malformed();
  }

  protected endRow(): void {
    this.fieldEnd();
    this.ended++;
    if (this.column !== this.table.columns.length - 1) throw this.malformed();
    this.row++;
    this.column = 0;
    this.atRowStart = true;
  }

  protected byte(byte: number): void {
    this.atRowStart = false;
    switch (this.mode) {
      case SLASHES:
        this.afterSlashes(byte);
        return;
      case UNICODE:
        if (this.unicode(byte)) return;
        break;
      case OCTAL:
        if (byte >= 48 && byte < 56 && this.count < 3) {
          this.value = (this.value << 3) | (byte - 48);
          this.count++;
          return;
        }
        this.decoded();
        break;
      case HEX: {
        const digit = hexValue(byte);
        if (digit >= 0 && this.count < 2) {
          this.value = (this.value << 4) | digit;
          this.count++;
          return;
        }
        if (this.count > 0) this.decoded();
        else this.drop(120);
        break;
      }
      case UTF8:
        if (this.continued(byte)) return;
    }
    this.fresh(byte);
  }

  private fresh(byte: number): void {
    if (byte === BACKSLASH) this.enter(SLASHES, 0, 1);
    else if (byte === TAB) this.endField();
    else if (byte === LINE_FEED) this.endRow();
    else this.data(byte);
  }

  /** A byte of a value, as it is once loaded. */
  private data(byte: number): void {
    if (byte < 0x80) this.emit(byte);
    else if (byte >= 0xf0 && byte < 0xf5) this.enter(UTF8, byte & 7, 3);
    else if (byte >= 0xe0 && byte < 0xf0) this.enter(UTF8, byte & 15, 2);
    else if (byte >= 0xc2 && byte < 0xe0) this.enter(UTF8, byte & 31, 1);
    else this.emit(32);
  }

  private continued(byte: number): boolean {
    if ((byte & 0xc0) !== 0x80) {
      this.drop(32);
      return false;
    }
    this.value = (this.value << 6) | (byte & 63);
    if (--this.count === 0) this.drop(this.value);
    return true;
  }

  private afterSlashes(byte: number): void {
    if (byte === BACKSLASH) {
      this.count++;
      return;
    }
    const slashes = this.count;
    const odd = slashes % 2 === 1;
    this.mode = PLAIN;
    if (byte === 117) this.enter(UNICODE, 0, 0);
    else if (byte === 98 || byte === 102 || byte === 110 || byte === 114 || byte === 116 || byte === 118) this.emit(32);
    else if (odd && byte === 120) this.enter(HEX, 0, 0);
    else if (odd && byte >= 48 && byte < 56) this.enter(OCTAL, byte - 48, 1);
    else if (!odd && (byte === TAB || byte === LINE_FEED)) {
      this.emit(BACKSLASH);
      this.fresh(byte);
    } else {
      // A quote or a slash that JSON escaped is only itself; before others the backslash is there to be seen.
      if (slashes > 1 && byte !== 34 && byte !== 47) this.emit(BACKSLASH);
      this.data(byte === TAB || byte === LINE_FEED ? 32 : byte);
    }
  }

  /** `false` when no escape came of it; what was taken for one has been handed out as it stands. */
  private unicode(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.value = (this.value << 4) | digit;
      if (++this.count === 4) this.drop(this.value);
      return true;
    }
    const { value, count } = this;
    this.drop(117);
    for (let left = count - 1; left >= 0; left--) this.emit("0123456789abcdef".charCodeAt((value >> (4 * left)) & 15));
    return false;
  }

  private decoded(): void {
    this.mode = PLAIN;
    this.data(this.value & 255);
  }

  private drop(character: number): void {
    this.mode = PLAIN;
    this.emit(character);
  }

  private enter(mode: number, value: number, count: number): void {
    this.mode = mode;
    this.value = value;
    this.count = count;
  }

  private emit(code: number): void {
    if (code >= 0xd800 && code < 0xdc00) {
      this.surrogate = code;
      return;
    }
    if (code >= 0xdc00 && code < 0xe000) {
      if (this.surrogate !== 0) this.character(0x10000 + ((this.surrogate - 0xd800) << 10) + (code - 0xdc00));
      this.surrogate = 0;
      return;
    }
    this.surrogate = 0;
    this.character(code);
  }

  protected malformed(): ScrubError {
    const { schema, table, columns } = this.table;
    return new ScrubError(
      "copy-malformed",
      { schema, table },
      { row: this.row, expected: columns.length, got: this.column + 1 },
    );
  }
}

/** What a hexadecimal digit stands for, -1 for another byte. */
function hexValue(byte: number): number {
  if (byte >= 48 && byte < 58) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower < 103 ? lower - 87 : -1;
}
