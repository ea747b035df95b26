import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { SnapshotStore, snapshotId } from "../../../provider/snapshot/store";

describe("the store of a service's snapshots", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "hms-snapshots-"));
  const store = new SnapshotStore(root, "web");
  const id = (second: number) => snapshotId(new Date(Date.UTC(2026, 10, 22, 1, 2, second)), "abcdef0123");
  const make = async (second: number) => {
    const folder = await store.begin(id(second));
    writeFileSync(path.join(folder, "manifest.json"), "{}");
  };
  after(() => {
    rmSync(root, { recursive: true });
  });

  it("has none before the first, and names them by time", async () => {
    assert.deepEqual(await store.list(), []);
    assert.equal(id(3), "20261122T010203Z-abcdef");
  });

  it("shows a snapshot from its promotion on, whole", async () => {
    await make(1);
    assert.deepEqual(await store.list(), []);
    const { path: folder } = await store.promote(id(1));
    assert.ok(existsSync(path.join(folder, "manifest.json")));
    assert.deepEqual(await store.list(), [{ id: id(1), path: folder }]);
  });

  it("has all of it on the disk before it shows it: a power cut leaves no snapshot that is none", async () => {
    await make(4);
    const synced = await syncedBy(() => store.promote(id(4)));
    const names = synced.map((file) => path.relative(store.where, file));
    const made = path.join(".quarantine", id(4));
    assert.deepEqual(names, [path.join(made, "manifest.json"), made, ""]);
    await store.remove(id(4));
  });

  it("forgets what was begun by somebody who died, and what is discarded", async () => {
    await make(2);
    const folder = await store.begin(id(3));
    assert.deepEqual(readdirSync(path.dirname(folder)), [id(3)]);
    await store.discard();
    assert.ok(!existsSync(folder));
    assert.equal((await store.list()).length, 1);
  });

  it("never puts one over another", async () => {
    await make(1);
    await assert.rejects(store.promote(id(1)), /ENOTEMPTY|EEXIST/);
    await store.discard();
  });

  it("removes one at once, oldest listed first", async () => {
    await make(9);
    await store.promote(id(9));
    assert.deepEqual(
      (await store.list()).map((one) => one.id),
      [id(1), id(9)],
    );
    await store.remove(id(1));
    assert.deepEqual(
      (await store.list()).map((one) => one.id),
      [id(9)],
    );
  });
});

/** @returns what was written through to the disk meanwhile, by the name that it had then */
async function syncedBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const handle = await open(os.tmpdir());
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const synced: string[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own handle
  const { sync } = prototype;
  prototype.sync = function (this: FileHandle) {
    synced.push(readlinkSync(`/proc/self/fd/${this.fd}`));
    return sync.call(this);
  };
  try {
    await work();
  } finally {
    prototype.sync = sync;
  }
  return synced;
}
