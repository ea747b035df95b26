import { Readable } from "node:stream";
import type { Connection, Submittable } from "pg";

/** Kinds of messages, by their first byte. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
/** COPY begins; and what a server may say at any time: a parameter, a notice, a notification. */
const PASSED_OVER: ReadonlySet<number> = new Set([0x48, 0x53, 0x4e, 0x41]);
/** Kind, and four bytes of length, which count themselves. */
const HEADER = 5;
/** Below it a loop copies faster than a call. */
const SHORT_COPY = 64;
/** Bytes that may wait to be read before the server has to. */
const WAITING = 2 ** 18;

type OnData = (chunk: Buffer) => void;

/**
 * The rows of `COPY … TO STDOUT`, as the server sends them, given to a client as `client.query(new CopyRows(sql))`. A server
 * sends each row as a message of its own: their headers are taken out where they lie in what the socket read, so that a row
 * costs no object and most bytes are moved once.
 */
export class CopyRows extends Readable implements Submittable {
  /** What the server says at the end; 0 before. */
  rowCount = 0;
  #connection: Connection | undefined;
  /** The driver's own reader of messages, which stands back until the rows have come. */
  #driver: OnData | undefined;
  /** A header that goes on in the next chunk. */
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  #kind = 0;
  /** Bytes of the message that have not come yet. */
  #left = 0;

  constructor(private readonly sql: string) {
    super({ highWaterMark: WAITING });
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    const { stream } = connection;
    const [driver] = stream.listeners("data") as OnData[];
    if (driver === undefined) throw new TypeError("the driver does not read its connection");
    this.#driver = driver;
    stream.off("data", driver);
    stream.on("data", this.#onData);
    connection.query(this.sql);
  }

  /** By the driver, which has read an error of the server or lost the connection. */
  handleError(error: Error): void {
    this.handBack(Buffer.alloc(0));
    this.destroy(error);
  }

  handleCommandComplete({ text }: { readonly text?: string }): void {
    this.rowCount = Number(/^COPY (\d+)$/.exec(text ?? "")?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.push(null);
  }

  override _read(): void {
    if (this.#driver !== undefined) this.#connection?.stream.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    let at = 0;
    let to = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        if (this.#kind === COPY_DATA) to = moved(chunk, at, end, to);
        at = end;
        continue;
      }
      const kind = this.#headerBytes > 0 ? this.#header[0] : chunk[at];
      if (kind !== COPY_DATA && kind !== COPY_DONE && !PASSED_OVER.has(kind ?? 0)) {
        // An error, most likely: the driver knows what to do.
        const rest = Buffer.concat([this.#header.subarray(0, this.#headerBytes), chunk.subarray(at)]);
        this.pass(chunk, to);
        this.handBack(rest);
        return;
      }
      if (this.#headerBytes === 0 && at + HEADER <= chunk.length) {
        this.begin(chunk, at);
        at += HEADER;
      } else {
        this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (this.#headerBytes < HEADER) continue;
        this.#headerBytes = 0;
        this.begin(this.#header, 0);
      }
      if (this.#kind === COPY_DONE) {
        // A copy: whoever reads the rows may have released them.
        const rest = Buffer.from(chunk.subarray(at));
        this.pass(chunk, to);
        this.handBack(rest);
        return;
      }
    }
    this.pass(chunk, to);
  };

  private begin(header: Buffer, at: number): void {
    this.#kind = header[at] ?? 0;
    this.#left = header.readUInt32BE(at + 1) - (HEADER - 1);
  }

  private pass(chunk: Buffer, end: number): void {
    if (end > 0 && !this.push(chunk.subarray(0, end))) this.#connection?.stream.pause();
  }

  /** @param rest that was read already and is not ours. */
  private handBack(rest: Buffer): void {
    const [driver, stream] = [this.#driver, this.#connection?.stream];
    if (driver === undefined || stream === undefined) return;
    this.#driver = undefined;
    stream.off("data", this.#onData);
    stream.on("data", driver);
    if (rest.length > 0) driver(rest);
    stream.resume();
  }
}

/** Moves [from, end) to `to`, which lies before it. @returns where it ends */
function moved(chunk: Buffer, from: number, end: number, to: number): number {
  if (end - from >= SHORT_COPY) {
    chunk.copyWithin(to, from, end);
    return to + end - from;
  }
  while (from < end) chunk[to++] = chunk[from++] ?? 0;
  return to;
}
