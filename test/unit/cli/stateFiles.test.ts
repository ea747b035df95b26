import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { removeBrokenAttributes, stateFolder } from "../../../cli/stateFiles";

describe("attribute files of a state folder", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-state-"));
  const stacks = path.join(folder, ".pulumi", "stacks", "hms");
  const file = (name: string) => path.join(stacks, name);
  before(() => {
    mkdirSync(stacks, { recursive: true });
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("are removed when they were cut off, and only then; state is never touched", () => {
    writeFileSync(file("dev.json"), "");
    writeFileSync(file("dev.json.attrs"), "");
    writeFileSync(file("prod.json.attrs"), '{"user.content_ty');
    writeFileSync(file("staging.json.attrs"), '{"user.content_type":"text/plain"}');
    const backend = `file://${folder}?no_tmp_dir=true`;
    assert.deepEqual([...removeBrokenAttributes(backend, "/")].sort(), [
      file("dev.json.attrs"),
      file("prod.json.attrs"),
    ]);
    assert.deepEqual(
      ["dev.json", "dev.json.attrs", "prod.json.attrs", "staging.json.attrs"].map(file).map(existsSync),
      [...[true, false, false, true]],
    );
    assert.deepEqual(removeBrokenAttributes(backend, "/"), []);
  });
  it("are nobody's business in another backend, nor where there is no state yet", () => {
    assert.deepEqual(removeBrokenAttributes("s3://state", "/"), []);
    assert.deepEqual(removeBrokenAttributes(`file://${folder}/none`, "/"), []);
  });
  it("are looked for where the engine does: from the project, or the user's home", () => {
    assert.equal(stateFolder("file://./state?metadata=skip", "/p"), "/p/state");
    assert.equal(stateFolder("file://~/state", "/p"), path.join(os.homedir(), "state"));
    assert.equal(stateFolder("file://~", "/p"), os.homedir());
  });
});
