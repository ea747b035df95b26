import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import type { Connection } from "pg";
import { CopyRows } from "../../../provider/snapshot/copyRows";

/** A message as a server sends it. */
function message(kind: string, content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind);
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

/** The part of a connection that rows come through, its driver, and what the driver was asked. */
function connected(rows: CopyRows) {
  const stream = new PassThrough({ highWaterMark: 16 });
  const heard: Buffer[] = [];
  const asked: string[] = [];
  stream.on("data", (chunk: Buffer) => heard.push(chunk));
  rows.submit({ stream, query: (sql: string) => asked.push(sql) } as unknown as Connection);
  return { stream, asked, heard: () => Buffer.concat(heard).toString("latin1") };
}

/** Writes bytes in pieces, each of which is read by itself. */
async function send(stream: PassThrough, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  for (let at = 0, next = 0; at < bytes.length; next++) {
    const size = sizes[next % sizes.length] ?? 1;
    stream.write(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
    await turn();
  }
}

const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.string({ unit: "binary", maxLength: 200 }).map((text) => ["d", Buffer.from(text)] as const),
  },
  fc.constantFrom(
    ["S", Buffer.from("a\0b\0")] as const,
    ["N", Buffer.from("M\0\0")] as const,
    ["d", Buffer.alloc(0)] as const,
  ),
);

describe("rows of a COPY", () => {
  it("come as they were sent, however the connection cuts them, and leave what follows to the driver", async () => {
    const sent = fc.record({
      pieces: fc.array(piece, { maxLength: 20 }),
      sizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
      goesBad: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sent, async ({ pieces, sizes, goesBad }) => {
        const rows = new CopyRows("copy a to stdout");
        const { stream, asked, heard } = connected(rows);
        assert.deepEqual(asked, ["copy a to stdout"]);
        const got: Buffer[] = [];
        rows.on("data", (chunk: Buffer) => got.push(Buffer.from(chunk)));
        const rest = goesBad ? message("E", Buffer.from("SERROR\0\0")) : message("C", Buffer.from("COPY 7\0"));
        const all = [
          message("H", Buffer.from([0, 0, 1, 0, 0])),
          ...pieces.map(([kind, content]) => message(kind, content)),
        ];
        await send(stream, Buffer.concat([...all, ...(goesBad ? [] : [message("c", Buffer.alloc(0))]), rest]), sizes);
        await turn();
        assert.equal(heard(), rest.toString("latin1"));
        const expected = Buffer.concat(pieces.filter(([kind]) => kind === "d").map(([, content]) => content));
        assert.deepEqual(Buffer.concat(got), expected);
        assert.equal(rows.readableEnded, false);
        rows.handleCommandComplete({ text: "COPY 7" });
        rows.handleReadyForQuery();
        await turn();
        assert.equal(rows.readableEnded, true);
        assert.equal(rows.rowCount, 7);
      }),
      { numRuns: 100 },
    );
  });

  it("wait with the server while nobody reads them", async () => {
    const rows = new CopyRows("copy a to stdout");
    const { stream } = connected(rows);
    const row = message("d", Buffer.alloc(65_000, "x"));
    for (let sent = 0; sent < 10; sent++) {
      stream.write(Buffer.from(row));
      await turn();
    }
    assert.ok(stream.isPaused());
    assert.ok(rows.readableLength < 400_000);
    rows.resume();
    await turn();
    await turn();
    assert.ok(!stream.isPaused());
  });

  it("end with the driver's error, which then has its connection back", async () => {
    const rows = new CopyRows("copy a to stdout");
    const { stream, heard } = connected(rows);
    const failed = new Promise((resolve) => rows.on("error", resolve));
    rows.handleError(new Error("lost"));
    assert.match(String(await failed), /lost/);
    stream.write("later");
    await turn();
    assert.equal(heard(), "later");
  });
});
