import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runProgram } from "../../../cli/program";
import { PROGRAMS } from "../../../cli/registry";
import { openLedger } from "../../../provider/ledger/open";

/** The command line, with the ledger of the stack dev in a home of its own, and no cluster. */
describe("hms ledger, and the verifier that it hands out", () => {
  let home: string;
  let copy: string;
  before(async function () {
    this.timeout(120_000);
    home = mkdtempSync(path.join(os.tmpdir(), "hms-home-"));
    const ledger = await openLedger({ name: "dev" }, undefined, { HMS_HOME: home });
    for (let number = 1; number <= 4; number++) {
      await ledger.add([
        {
          event: number === 3 ? "restored" : "deployed",
          at: `2026-01-01T00:00:0${number}.000Z`,
          by: "ann@build-7 (pid 4711)",
          service: number === 4 ? "api" : "web",
          namespace: "hms-dev",
          release: { id: `r${number}`, tag: `v${number}`, image: null },
          weights: { before: { blue: 100, green: 0 }, after: { blue: 0, green: 100 } },
          gates: [],
          decisions: [],
          reason: number === 3 ? "error-share" : null,
          origin: `record ${number}`,
        },
      ]);
      await ledger.checkpoint();
    }
    copy = path.join(home, "audit");
    assert.equal((await hms("export", "--to", copy)).code, 0);
  });
  after(() => {
    rmSync(home, { recursive: true });
  });

  async function hms(...words: readonly string[]) {
    const program = PROGRAMS.find(({ name }) => name === "hms");
    assert.ok(program);
    let [out, err] = ["", ""];
    const sink = (add: (text: string) => void) => ({ write: (text: string) => (add(text), true) });
    const io = {
      out: sink((text) => (out += text)),
      err: sink((text) => (err += text)),
      env: { ...process.env, HMS_HOME: home },
      signal: new AbortController().signal,
    };
    const code = await runProgram(program, ["ledger", ...words, "--offline"], io);
    return { code, out, err };
  }

  it("lists what there is, of one service too, and the newest only", async () => {
    const { out } = await hms("list");
    assert.equal(out.trim().split("\n").length, 4);
    assert.match(
      out,
      / {5}3 {2}2026-01-01T00:00:03.000Z {2}restored {5}web v3 \(r3\) {2}100\/0 -> 0\/100 {2}by ann.*: error-share/,
    );
    assert.equal((await hms("list", "--service", "api")).out.trim().split("\n").length, 1);
    const { entries } = JSON.parse((await hms("list", "--last", "2", "--json")).out) as {
      entries: { sequence: number }[];
    };
    assert.deepEqual(
      entries.map(({ sequence }) => sequence),
      [3, 4],
    );
  });

  it("shows one entry by number or by the beginning of its id", async () => {
    const { id } = JSON.parse((await hms("show", "2")).out) as { id: string };
    assert.equal((await hms("show", id.slice(0, 10))).out, (await hms("show", "2")).out);
    const { code, err } = await hms("show", "9");
    assert.deepEqual([code, /there is no entry 9 in .*allowed are 1 to 4/.test(err)], [1, true]);
  });

  it("refuses what it cannot mean", async () => {
    assert.match((await hms("list", "--last", "0")).err, /--last: got "0"; allowed is a whole number above zero/);
    assert.match((await hms("export", "--to", copy)).err, /is not empty; name a new folder/);
    assert.match((await hms("verify", "--stack", "nosuch")).err, /there is no Pulumi.nosuch.yaml/);
  });

  it("verifies, and with it the verifier alone, from the folder and a public key", async () => {
    assert.match(
      (await hms("verify")).out,
      /the ledger of dev verifies: 4 entries; newest checkpoint of .*, 4 entries/,
    );
    const { status, stdout } = verifier(copy);
    assert.deepEqual([status, stdout.includes("the ledger of dev verifies: 4 entries")], [0, true]);
    assert.ok(
      !readdirSync(copy)
        .concat(readdirSync(path.join(copy, "keys")))
        .some((name) => /^key.pem$/.test(name)),
    );
    for (const name of readdirSync(path.join(copy, "keys")))
      assert.doesNotMatch(readFileSync(path.join(copy, "keys", name), "utf8"), /PRIVATE/);
  });

  for (const [what, tamper, finding] of [
    [
      "an altered entry",
      (folder: string) => {
        edit(path.join(folder, "ledger/entries/000000000002.json"), "ann@", "eve@");
      },
      "altered",
    ],
    [
      "an entry that is gone",
      (folder: string) => {
        rmSync(path.join(folder, "ledger/entries/000000000002.json"));
      },
      "missing",
    ],
    [
      "an end that was cut off with its checkpoint, by what was carried elsewhere",
      (folder: string) => {
        cpSync(path.join(folder, "ledger/checkpoints/000000000004.json"), path.join(folder, "checkpoint.json"));
        for (const part of ["entries", "checkpoints"]) rmSync(path.join(folder, "ledger", part, "000000000004.json"));
      },
      "cut-off",
    ],
  ] as const)
    it(`names ${what}`, () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), "hms-audit-"));
      try {
        cpSync(copy, folder, { recursive: true });
        tamper(folder);
        const { status, stdout } = verifier(folder);
        assert.deepEqual([status, stdout.includes(`${finding}: `)], [1, true], stdout);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

  it("says how it is called when it cannot begin", () => {
    const { status, stderr } = spawnSync(process.execPath, [path.join(copy, "verify.cjs"), "/nowhere"], {
      encoding: "utf8",
    });
    assert.equal(status, 2);
    assert.match(stderr, /there is no folder \/nowhere\nusage: node verify.cjs/);
    assert.ok(existsSync(path.join(copy, "README.md")));
  });
});

/** Runs it as an auditor would: elsewhere, with an environment that has nothing of ours. */
const verifier = (folder: string) =>
  spawnSync(process.execPath, [path.join(folder, "verify.cjs")], { cwd: os.tmpdir(), env: {}, encoding: "utf8" });

function edit(file: string, from: string, to: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
}
