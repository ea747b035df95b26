import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LedgerEntry } from "../../core/ledger/entry";
import { factOfEvent } from "../../core/ledger/facts";
import { factOf } from "../../core/ledger/verify";
import type { RolloutRecord } from "../../core/rollout/record";
import { KubeClient } from "../../platform/kube/client";
import { RolloutStore } from "../../provider/rollout/store";
import { TestProject } from "../support/project";

const SERVICE = "drought-benefit";
const kube = KubeClient.load({ context: "hms-local" });

/** A stack whose releases differ in a variable only: no image is built for them. */
class Stack extends TestProject {
  private version = 0;
  readonly store = new RolloutStore(kube, SERVICE, this.namespace);

  constructor(prefix: string, folder: string, key: string) {
    super(prefix);
    this.service((service) => (service.replicas = 1));
    this.configure((config) => (config["hms:ledger"] = { folder, key }));
  }

  newRelease(): void {
    this.service((service) => (service.env = { REGION: `region-${this.version++}` }));
  }

  /** A smoke test that no release passes, or the right one again. */
  expectation(right: boolean): void {
    this.edit("service.yaml", (text) =>
      right ? text.replace("amount: 1\n", "amount: 15375\n") : text.replace("amount: 15375\n", "amount: 1\n"),
    );
  }

  act(...words: readonly string[]) {
    return this.deploy(...words, "--env", this.stack);
  }

  async dies(boundary: string): Promise<void> {
    this.env.HMS_KILL_AT = boundary;
    await this.act();
    delete this.env.HMS_KILL_AT;
  }

  async record(): Promise<RolloutRecord> {
    return (await this.store.read()).actual.record;
  }

  async entries(): Promise<readonly LedgerEntry[]> {
    const { output } = await this.hms("ledger", "list", "--stack", this.stack, "--json");
    return (JSON.parse(output) as { readonly entries: readonly LedgerEntry[] }).entries;
  }

  async verify(): Promise<void> {
    const { code, output } = await this.hms("ledger", "verify", "--stack", this.stack);
    assert.equal(code, 0, output);
    assert.match(output, /newest checkpoint/);
  }

  /** Each event that the rollout still knows is there, once. */
  async complete(): Promise<readonly LedgerEntry[]> {
    const [{ events }, entries] = await Promise.all([this.record(), this.entries()]);
    const facts = entries.map((entry) => JSON.stringify(factOf(entry)));
    assert.equal(new Set(facts).size, facts.length, "no fact is there twice");
    for (const event of events) {
      const fact = JSON.stringify(factOfEvent({ service: SERVICE, namespace: this.namespace }, event));
      assert.ok(facts.includes(fact), `not recorded: ${JSON.stringify(event)}`);
    }
    return entries;
  }
}

describe("the ledger of a stack", function () {
  this.timeout(900_000);
  const base = mkdtempSync(path.join(os.tmpdir(), "hms-ledger-"));
  const folder = path.join(base, "shared");
  const key = path.join(base, "key.pem");
  writeFileSync(
    key,
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
    { mode: 0o600 },
  );
  const stacks = [new Stack("ledger-a", folder, key), new Stack("ledger-b", folder, key)] as const;
  const [one] = stacks;

  before(async () => {
    mkdirSync(folder);
    await Promise.all(
      stacks.map(async (stack) => {
        await stack.init();
        for (let count = 0; count < 2; count++) {
          stack.newRelease();
          const { code, output } = await stack.act();
          assert.equal(code, 0, output);
        }
      }),
    );
  });
  after(() => {
    for (const stack of stacks) stack.remove();
    rmSync(base, { recursive: true, force: true });
  });

  it("has a word before each change of weights and one after each move", async () => {
    const entries = await one.complete();
    assert.deepEqual(
      entries.map(({ event, weights }) => [event, weights.before?.blue ?? null, weights.after?.blue]),
      [
        ["moving", null, 100],
        ["deployed", null, 100],
        ["moving", 100, 0],
        ["deployed", 100, 0],
      ],
    );
    for (const { release, by, service, ledger } of entries)
      assert.deepEqual(
        [/@sha256:[0-9a-f]{64}$/.test(release.image ?? ""), /@.+\(pid \d+\)/.test(by), service, ledger],
        [true, true, SERVICE, one.stack],
      );
    await one.verify();
  });

  it("has everything once after updates, failures, ways back, retries and kills in any order, on two stacks at a time", async () => {
    const MANNERS: readonly ((stack: Stack) => Promise<unknown>)[] = [
      async (stack) => {
        stack.newRelease();
        await stack.act();
      },
      async (stack) => {
        stack.newRelease();
        stack.expectation(false);
        await stack.act();
        stack.expectation(true);
      },
      (stack) => stack.act("rollback"),
      (stack) => stack.act("--retry"),
      async (stack) => {
        stack.newRelease();
        // Gates would wait for requests that nobody sends here.
        const strategy = [
          { weight: 50, gates: "none", pause: "1h" },
          { weight: 100, gates: "none" },
        ];
        stack.service((service) => (service.strategy = strategy));
        await stack.act();
        await stack.act("abort");
        stack.service((service) => delete service.strategy);
      },
      async (stack) => {
        stack.newRelease();
        await stack.dies("step-1-written");
        await stack.act("rollback");
      },
    ];
    // Beside these each stack is killed once more, at a boundary of its own.
    const BOUNDARIES = ["armed", "step-1-begun", "committed"];
    // One order in every run; another seed looks at others.
    const seed = Number(process.env.HMS_TEST_SEED ?? 2026);
    await Promise.all(
      stacks.map(async (stack, index) => {
        const random = lcg(seed + index);
        const boundary = BOUNDARIES[Math.floor(random() * BOUNDARIES.length)] ?? "committed";
        const killed = async () => {
          stack.newRelease();
          await stack.dies(boundary);
        };
        const order = [...MANNERS, killed].map((manner) => ({ manner, at: random() })).sort((a, b) => a.at - b.at);
        for (const { manner } of order) await manner(stack);
        stack.newRelease();
        const { code, output } = await stack.act("--retry");
        assert.equal(code, 0, `seed ${seed}: ${output}`);
      }),
    );
    for (const stack of stacks) {
      const entries = await stack.complete();
      const kinds = new Set(entries.map(({ event }) => event));
      for (const kind of ["moving", "deployed", "failed", "restored", "parked"] as const)
        assert.ok(kinds.has(kind), `seed ${seed}: nothing ${kind} in ${[...kinds].join(", ")}`);
      assert.deepEqual(new Set(entries.map(({ ledger }) => ledger)), new Set([stack.stack]));
      await stack.verify();
    }
  });

  it("keeps a release from moving while nothing can be kept, but nobody from going back, and is told later", async () => {
    const before = await one.entries();
    const { live } = (await one.store.read()).actual;
    const open = closed(path.join(folder, one.stack));
    try {
      one.newRelease();
      const { code, lastLine } = await one.act();
      assert.equal(code, 1);
      assert.match(lastLine, /the move cannot be recorded, and nothing moves without a record: .*(EROFS|EACCES)/);
      const { weights, record } = (await one.store.read()).actual;
      assert.deepEqual([weights?.[live ?? "blue"], record.move], [100, null]);
    } finally {
      open();
    }
    const { code: deployed, output } = await one.act();
    assert.equal(deployed, 0, output);
    const again = full(path.join(folder, one.stack));
    try {
      const { code, output } = await one.act("rollback");
      assert.equal(code, 0, output);
      assert.match(output, /going on without the ledger, which is told later: .*(ENOSPC|EACCES)/);
      assert.match(output, /the ledger was not told \(1 event waits for it; the next command tries again\)/);
      assert.equal((await one.store.read()).actual.live, live);
      assert.equal((await one.entries()).at(-1)?.event, "deployed");
    } finally {
      again();
    }
    one.newRelease();
    assert.equal((await one.act()).code, 0);
    const entries = (await one.complete()).slice(before.length);
    assert.deepEqual(
      entries.map(({ event }) => event),
      ["moving", "deployed", "rolled-back", "moving", "deployed"],
    );
    await one.verify();
  });

  it("that lost its end moves nothing any more, and says what the cluster knows", async () => {
    const entries = await one.entries();
    const count = String(entries.length).padStart(12, "0");
    const lost = path.join(folder, one.stack, "entries", `${count}.json`);
    const text = execFileSync("cat", [lost]);
    rmSync(lost);
    const { code, output } = await one.hms("ledger", "verify", "--stack", one.stack);
    assert.deepEqual([code, output.includes("cut-off: ")], [1, true], output);
    one.newRelease();
    const refused = await one.act();
    assert.match(refused.lastLine, /cannot be recorded.*does not verify: there are \d+ entries; the checkpoint of/);
    writeFileSync(lost, text);
    assert.equal((await one.act()).code, 0);
    await one.verify();
  });
});

/** Nothing can be written below the folder any more; root, whom modes do not stop, gets a mount that is read-only. */
function closed(folder: string): () => void {
  if (process.getuid?.() !== 0) {
    const parts = [folder, path.join(folder, "entries"), path.join(folder, "checkpoints")];
    for (const part of parts) chmodSync(part, 0o555);
    return () => {
      for (const part of parts) chmodSync(part, 0o755);
    };
  }
  execFileSync("mount", ["--bind", folder, folder]);
  execFileSync("mount", ["-o", "remount,bind,ro", folder]);
  return () => {
    execFileSync("umount", ["-l", folder]);
  };
}

/** Puts the folder on a disk of its own that has no room left; who may not mount one closes it instead. @returns undoes it. */
function full(folder: string): () => void {
  if (process.getuid?.() !== 0) return closed(folder);
  const copy = mkdtempSync(path.join(os.tmpdir(), "hms-ledger-copy-"));
  cpSync(folder, copy, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]);
  cpSync(copy, folder, { recursive: true });
  rmSync(copy, { recursive: true });
  assert.throws(() => {
    writeFileSync(path.join(folder, ".filler"), Buffer.alloc(8 * 2 ** 20));
  }, /ENOSPC/);
  return () => {
    execFileSync("umount", ["-l", folder]);
  };
}

/** Numbers from 0 to 1 that a seed decides. */
function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
