import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { Invocation } from "../../../cli/command";
import { serveFreeze } from "../../../cli/freezeServe";
import type { FreezeStore } from "../../../provider/freeze/store";

const STORE: FreezeStore = { where: "the store", read: () => Promise.resolve({}), update: () => Promise.resolve() };

describe("hms freeze serve", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-freeze-"));
  const short = path.join(folder, "short");
  const token = path.join(folder, "token");
  writeFileSync(short, "secret\n");
  writeFileSync(token, `${"x".repeat(32)}\n`);
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const serve = (words: Readonly<Record<string, string>>, signal = AbortSignal.timeout(10_000)) => {
    const said: string[] = [];
    const invocation = new Invocation({ listen: "127.0.0.1:0", label: "freeze=true", ...words }, []);
    const log = (message: string) => void said.push(message);
    return { said, ended: serveFreeze(invocation, { store: STORE, stack: "prod", log }, signal) };
  };

  const BAD: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ listen: "9097" }, /--listen: got "9097"; allowed is host:port such as 127\.0\.0\.1:9097/],
    [{ listen: "127.0.0.1:99999" }, /--listen: got "127\.0\.0\.1:99999"/],
    [{ listen: "0.0.0.0:0" }, /--listen 0\.0\.0\.0 is reached from other machines: give a --token-file/],
    [{ listen: "[::]:0" }, /--listen :: is reached from other machines/],
    [{ label: "freeze" }, /--label: got "freeze"; allowed is name=value/],
    [{ label: "a-b=c" }, /--label: got "a-b=c"/],
    [{ tokenFile: path.join(folder, "none") }, /the token file \S+ cannot be read: ENOENT/],
    [{ tokenFile: short }, /is shorter than 16 characters; write a longer one$/],
  ];
  for (const [words, message] of BAD)
    it(`refuses ${JSON.stringify(words).replaceAll(folder, "")}`, async () => {
      await assert.rejects(serve(words).ended, (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    });

  it("says what it listens to, and ends when it is stopped", async () => {
    const stop = new AbortController();
    const { said, ended } = serve({ listen: "0.0.0.0:0", tokenFile: token }, stop.signal);
    for (const giveUp = Date.now() + 5000; said.length === 0;) {
      assert.ok(Date.now() < giveUp, "it did not begin to listen");
      await new Promise((done) => setTimeout(done, 10));
    }
    assert.match(
      said[0] ?? "",
      /^receiving alerts with freeze=true at http:\/\/0\.0\.0\.0:\d+\/alertmanager, for the store$/,
    );
    stop.abort();
    await ended;
  });

  it("says when the port is taken", async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await assert.rejects(
      serve({ listen: `127.0.0.1:${port}` }).ended,
      /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    );
    other.close();
  });
});
