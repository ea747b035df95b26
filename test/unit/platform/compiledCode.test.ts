import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { trimCompiled } from "../../../platform/local/compiledCode";

describe("compiled code", () => {
  let home: string;
  let folder: string;
  beforeEach(() => {
    home = mkdtempSync(path.join(os.tmpdir(), "hms-compiled-"));
    folder = path.join(home, "cache", "node");
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
  });
  const kept = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

  it("is kept as far as it fits, last used first, and folders with nothing in them go", async () => {
    for (const [name, size, written, read] of [
      ["v22/checkout-gone", 40, "2026-01-01", "2026-01-02"],
      ["v24/in-use", 40, "2026-01-01", "2026-03-01"],
      ["v24/new", 40, "2026-02-01", "2026-01-01"],
      ["v24/old", 40, "2026-01-15", "2026-01-15"],
    ] as const) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), "x".repeat(size));
      utimesSync(path.join(folder, name), new Date(read), new Date(written));
    }
    await trimCompiled(folder, 160);
    assert.deepEqual(kept(), ["v22", "v22/checkout-gone", "v24", "v24/in-use", "v24/new", "v24/old"]);
    await trimCompiled(folder, 100);
    assert.deepEqual(kept(), ["v24", "v24/in-use", "v24/new"]);
  });

  it("is nothing to keep where there is none", async () => {
    await trimCompiled(folder);
    assert.ok(!existsSync(folder));
  });

  it("may go while a program runs: that one ends as ever, and the next one keeps it again", async () => {
    writeFileSync(path.join(home, "late.cjs"), "exports.answer = () => 42;");
    writeFileSync(
      path.join(home, "main.cjs"),
      'process.stdin.once("data", () => { console.log(require("./late.cjs").answer()); process.exitCode = 3; process.stdin.destroy(); });' +
        'console.log("ready");',
    );
    const run = async (during: () => Promise<void>) => {
      const env = { ...process.env, NODE_COMPILE_CACHE: folder };
      const program = spawn(process.execPath, ["main.cjs"], { cwd: home, env, stdio: ["pipe", "pipe", "inherit"] });
      const ended = once(program, "close");
      let said = "";
      program.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await once(program.stdout, "data");
      await during();
      program.stdin.write("go");
      await ended;
      assert.deepEqual([program.exitCode, program.signalCode, said], [3, null, "ready\n42\n"]);
    };
    const files = () => kept().filter((name) => name.includes(path.sep)).length;
    await run(() => Promise.resolve());
    assert.ok(files() >= 2);
    await run(() => trimCompiled(folder, 0));
    await run(() => Promise.resolve());
    assert.ok(files() >= 2);
  });
});
