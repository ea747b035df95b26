import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { withFlag, withFlagsLeft } from "../../../core/freeze/change";
import { RefusedError } from "../../../platform/errors";
import { KubeClient } from "../../../platform/kube/client";
import { configMapStore } from "../../../provider/freeze/configMapStore";
import { fileStore } from "../../../provider/freeze/fileStore";
import { askFreeze } from "../../../provider/freeze/look";
import { WHOLE } from "./support";

describe("a freeze in a file", () => {
  let folder: string;
  let file: string;
  const reason = async () => {
    const decision = await askFreeze(fileStore(file), WHOLE);
    return decision.frozen ? decision.reason : undefined;
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "hms-freeze-"));
    file = path.join(folder, "freeze");
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });

  it("is not there: not frozen, also where its folder is not there", async () => {
    assert.equal(await reason(), undefined);
    file = path.join(folder, "none", "freeze");
    assert.equal(await reason(), undefined);
  });

  it("is there, and empty: frozen", async () => {
    writeFileSync(file, "");
    assert.equal(await reason(), "the flag is set, without a reason");
    rmSync(file);
    assert.equal(await reason(), undefined);
  });

  it("cannot be read: frozen, and says why", async () => {
    mkdirSync(file);
    assert.match((await reason()) ?? "", /cannot be read: EISDIR/);
    rmSync(file, { recursive: true });
    symlinkSync(path.join(folder, "nowhere"), file);
    assert.match((await reason()) ?? "", /cannot be read: ENOENT/);
    rmSync(file);
    writeFileSync(path.join(folder, "plain"), "");
    file = path.join(folder, "plain", "freeze");
    assert.match((await reason()) ?? "", /cannot be read: ENOTDIR/);
  });

  it("cannot be changed: says why, and who is to mend it", async () => {
    mkdirSync(file);
    await assert.rejects(
      fileStore(file).update(() => ({})),
      (error: Error) => error instanceof RefusedError && /cannot be changed: EISDIR/.test(error.message),
    );
    writeFileSync(path.join(folder, "plain"), "");
    const below = fileStore(path.join(folder, "plain", "deeper", "freeze"));
    await assert.rejects(
      below.update((texts) => ({ ...texts, flag: "" })),
      (error: Error) => error instanceof RefusedError && /cannot be changed: ENOTDIR/.test(error.message),
    );
  });

  it("has a calendar beside it that counts as much", async () => {
    writeFileSync(`${file}.calendar.yaml`, "windows: [{}]");
    assert.match((await reason()) ?? "", /the calendar in file .* cannot be read: windows\[0\]\.name: got nothing/);
    const window = { name: "w", reason: "always", who: "ops", dtstart: "2020-01-01T00:00:00Z", duration: "P1D" };
    writeFileSync(`${file}.calendar.yaml`, JSON.stringify({ windows: [{ ...window, rrule: "FREQ=DAILY" }] }));
    assert.equal(await reason(), "always");
  });

  it("is written by many at once without losing one, and leaves nothing behind", async () => {
    const flag = (id: string) => ({ id, reason: id, who: "a", since: null });
    const ids = Array.from({ length: 8 }, (_, index) => `f${index}`);
    await Promise.all(ids.map((id) => fileStore(file).update((texts) => withFlag(texts, flag(id)))));
    const { flag: text = "" } = await fileStore(file).read();
    assert.deepEqual(
      ids.filter((id) => !text.includes(`id: ${id}`)),
      [],
    );
    await fileStore(file).update((texts) => withFlagsLeft(texts, () => undefined));
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe("a freeze in a cluster that does not answer", () => {
  it("is in effect, and says who did not answer", async () => {
    const clusters = [{ name: "away", cluster: { server: "http://127.0.0.1:9" } }];
    const contexts = [{ name: "away", context: { cluster: "away", user: "nobody" } }];
    const users = [{ name: "nobody", user: {} }];
    const kubeconfig = JSON.stringify({ "current-context": "away", clusters, contexts, users });
    const decision = await askFreeze(configMapStore(KubeClient.load({ kubeconfig }), "hms-prod"), WHOLE);
    assert.ok(decision.frozen);
    assert.match(
      decision.reason,
      /^ConfigMap hms-prod\/hms-freeze cannot be read: cannot reach the Kubernetes API server http:\/\/127\.0\.0\.1:9/,
    );
  });
});
