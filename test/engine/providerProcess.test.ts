import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const MAIN = resolve(__dirname, "../../platform/plugins/kubernetes/main.ts");

/** A provider process as the engine starts it: its stdin stays open as long as the engine lives. */
async function started() {
  const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), MAIN, "127.0.0.1:1"], {
    stdio: "pipe",
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, line: line.toString() };
}

describe("a provider process", () => {
  const ends: readonly (readonly [string, (child: ReturnType<typeof spawn>) => void])[] = [
    ["SIGINT, the engine's way to end it", (child) => child.kill("SIGINT")],
    ["SIGTERM", (child) => child.kill("SIGTERM")],
    ["the end of its stdin, when the engine was killed", (child) => child.stdin?.end()],
  ];
  for (const [name, end] of ends) {
    it(`says its port first and leaves at once on ${name}`, async () => {
      const { child, line } = await started();
      assert.match(line, /^\d+\n$/);
      child.stdout.destroy();
      const start = Date.now();
      end(child);
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 0);
      assert.ok(Date.now() - start < 20_000);
    });
  }
});
