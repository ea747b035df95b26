import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Notes, readNote } from "../../../platform/networkPolicy/notes";

const noteText = (uid: string, address: string, networkName = "hms"): string =>
  JSON.stringify({
    kind: "cniCacheV1",
    networkName,
    cniArgs: [
      ["K8S_POD_NAMESPACE", "shop"],
      ["K8S_POD_UID", uid],
    ],
    result: { ips: [{ address: "fd00::1/64" }, { address: `${address}/16`, gateway: "10.244.0.1" }] },
  });

describe("notes of the network plugins", () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-notes-"));
  });
  afterEach(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string, minute = 0) => {
    fs.writeFileSync(path.join(folder, name), text);
    const time = new Date(Date.UTC(2026, 0, 1, 0, minute));
    fs.utimesSync(path.join(folder, name), time, time);
  };

  it("give a pod's uid and IPv4 address, for our network alone, and nothing as long as they are half written", () => {
    const text = noteText("u1", "10.244.0.7");
    assert.deepEqual(readNote(text, "hms"), { uid: "u1", address: "10.244.0.7" });
    assert.equal(readNote(text, "podman"), undefined);
    for (const half of ["", "null", text.slice(0, -5), "{}"]) assert.equal(readNote(half, "hms"), undefined, half);
  });

  it("are read as they come, completed and gone", () => {
    const notes = new Notes(folder, "hms");
    assert.equal(notes.look(), false);
    write("hms-a-eth0", noteText("u1", "10.244.0.7").slice(0, 40));
    write("cni-loopback-a-lo", noteText("u1", "127.0.0.1", "cni-loopback"));
    assert.equal(notes.look(), false);
    write("hms-a-eth0", noteText("u1", "10.244.0.7"));
    assert.equal(notes.look(), true);
    assert.equal(notes.addresses.get("u1")?.address, "10.244.0.7");
    assert.equal(notes.look(), false);
    fs.rmSync(path.join(folder, "hms-a-eth0"));
    assert.equal(notes.look(), true);
    assert.equal(notes.addresses.size, 0);
  });

  it("count for the last start of a pod that was started more than once", () => {
    write("hms-b-eth0", noteText("u1", "10.244.0.7"), 1);
    write("hms-a-eth0", noteText("u1", "10.244.0.9"), 2);
    write("hms-c-eth0", noteText("u1", "10.244.0.8"), 0);
    const notes = new Notes(folder, "hms");
    notes.look();
    assert.deepEqual([...notes.addresses], [["u1", { address: "10.244.0.9", since: "2026-01-01T00:02:00.000Z" }]]);
  });

  it("are none where there is no folder", () => {
    assert.equal(new Notes(path.join(folder, "gone"), "hms").look(), false);
  });
});
