import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { lockOf, ownerOf, readLocks, refuseLiving, removeLock, type EngineLock } from "../../../cli/engineLock";
import { refuseLocked, unlockText, type UnlockDocument } from "../../../cli/unlock";

const HERE = { user: "ann", host: os.hostname() };

describe("lockOf", () => {
  it("reads who holds the engine's lock", () => {
    const line =
      "  file:///h/.pulumi/locks/organization/hms/dev/1.json?no_tmp_dir=true: created by ann@build-7 (pid 4711) at 2026-01-01T00:00:00Z";
    assert.deepEqual(lockOf(line), { user: "ann", host: "build-7", pid: 4711, since: "2026-01-01T00:00:00Z" });
  });
  it("sees no lock elsewhere", () => {
    assert.equal(lockOf("error: the stack is currently locked by 1 lock(s)."), undefined);
  });
});

describe("the owner of the engine's lock", () => {
  /** A process with that name, for as long as `act` runs. */
  const withProcess = async (name: string, act: (pid: number) => void): Promise<number> => {
    const child = spawn("sleep", ["60"], { argv0: name, stdio: "ignore" });
    await new Promise((started) => child.once("spawn", started));
    const ended = new Promise((gone) => child.once("exit", gone));
    try {
      act(child.pid ?? -1);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    return child.pid ?? -1;
  };

  it("is alive while its process is, and has ended with it", async () => {
    const since = new Date().toISOString();
    const pid = await withProcess("pulumi", (running) => {
      assert.equal(ownerOf({ ...HERE, pid: running, since }), "alive");
      assert.equal(ownerOf({ ...HERE, pid: running }), "alive");
      assert.throws(() => {
        refuseLiving({ ...HERE, pid: running, since }, "prod");
      }, /^RefusedError: stack prod is being updated by ann@\S+, pid \d+\. Wait until that ends, or stop it$/);
    });
    assert.equal(ownerOf({ ...HERE, pid, since }), "ended");
    refuseLiving({ ...HERE, pid, since }, "prod");
  });

  it("has ended when its pid is another process's now: by its name, or because it began after the lock", async () => {
    await withProcess("sleep", (pid) => {
      assert.equal(ownerOf({ ...HERE, pid, since: new Date().toISOString() }), "ended");
    });
    await withProcess("pulumi", (pid) => {
      assert.equal(ownerOf({ ...HERE, pid, since: "2026-01-01T00:00:00Z" }), "ended");
    });
  });

  it("cannot be told of a process on another machine", () => {
    const lock = { user: "ann", host: `${os.hostname()}-2`, pid: 1, since: new Date().toISOString() };
    assert.equal(ownerOf(lock), "elsewhere");
    assert.throws(() => {
      refuseLiving(lock, "prod");
    }, /on another machine\. Wait, or when you know that it has ended: pulumi cancel prod/);
  });
});

describe("the engine's locks in a folder", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "hms-lock-"));
  const locks = path.join(root, "state", ".pulumi", "locks", "organization", "hms", "dev");
  const backend = `file://${path.join(root, "state")}?no_tmp_dir=true`;
  const content = { pid: 7, username: "ann", hostname: "build-7", timestamp: "2026-01-01T00:00:00Z" };

  before(() => {
    writeFileSync(path.join(root, "Pulumi.yaml"), "name: hms\n");
  });
  after(() => {
    rmSync(root, { recursive: true });
  });

  it("are none where nobody took one", () => {
    assert.deepEqual(readLocks(backend, root, "dev"), []);
  });

  it("are read as the engine writes them, of this stack alone, and removed one by one", () => {
    mkdirSync(locks, { recursive: true });
    mkdirSync(`${locks}-2`);
    for (const name of ["a.json", "a.json.attrs", "b.json"])
      writeFileSync(path.join(locks, name), JSON.stringify(content));
    writeFileSync(path.join(`${locks}-2`, "c.json"), JSON.stringify(content));
    const found = readLocks(backend, root, "dev");
    assert.deepEqual(
      found.map(({ lock }) => lock),
      Array(2).fill({ pid: 7, user: "ann", host: "build-7", since: "2026-01-01T00:00:00Z" }),
    );
    const [first] = found;
    assert.ok(first);
    removeLock(first);
    removeLock(first);
    assert.deepEqual(readdirSync(locks), ["b.json"]);
    assert.ok(existsSync(path.join(`${locks}-2`, "c.json")));
    assert.deepEqual(readLocks(`file://./state`, root, "dev").length, 1);
  });

  it("stay when they do not say whose they are, or when only the engine can read them", () => {
    writeFileSync(path.join(locks, "d.json"), '{"pid": "7"}');
    assert.throws(() => readLocks(backend, root, "dev"), /d\.json is a lock that does not say who holds it/);
    assert.throws(
      () => readLocks("s3://states", root, "dev"),
      /locks of a s3 backend .*hms-deploy --env dev does that.*pulumi cancel dev/,
    );
  });
});

describe("what hms unlock says", () => {
  const ended: EngineLock & { owner: "ended" } = { ...HERE, pid: 7, since: "2026-01-01T00:00:00Z", owner: "ended" };
  const holder = { user: "bob", host: "build-8", pid: 9, id: "9-1" };
  const free = { service: "web", account: null, holder: null, since: null, alive: false };
  const document = (change: Partial<UnlockDocument>): UnlockDocument => ({
    stack: "prod",
    locks: [ended],
    leases: [free],
    unlocked: false,
    ...change,
  });
  const refusal = (change: Partial<UnlockDocument>): string => {
    try {
      refuseLocked(document(change));
      return "";
    } catch (error) {
      return String(error);
    }
  };

  it("is no refusal when it unlocked, or when there was nothing to", () => {
    assert.equal(refusal({ unlocked: true }), "");
    assert.equal(refusal({ locks: [], leases: [{ ...free, holder, alive: true }] }), "");
    assert.match(unlockText(document({ locks: [] })), /^nothing to unlock: nobody holds .* stack prod$/m);
    assert.match(
      unlockText(document({ unlocked: true })),
      /that process has ended\n.*\nunlocked stack prod; go on with/,
    );
  });

  it("names what still lives, and what to do about each", () => {
    const text = refusal({
      locks: [{ ...ended, owner: "alive" }, { ...ended, host: "build-9", owner: "elsewhere" }, ended],
      leases: [{ ...free, account: "epa", holder, since: "2026-01-01T00:00:00Z", alive: true }, free],
    });
    assert.match(text, /ann@\S+, pid 7 is updating stack prod: wait until that ends, or stop it/);
    assert.match(text, /ann@build-9, pid 7 took the lock on another machine: look there; .*pulumi cancel prod/);
    assert.match(
      text,
      /^epa\/web: bob@build-8 \(pid 9\) still works on its rollout: wait until that ends, or stop it/m,
    );
    assert.match(text, /stack prod stays locked$/);
    assert.equal(text.split("\n").length, 4);
  });
});
