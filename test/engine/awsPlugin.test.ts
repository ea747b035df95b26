import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../../platform/home";
import { KINDS } from "../../platform/plugins/aws/types";
import { Moto } from "../support/moto";
import { awsProject, makeRole, providerOf, USDA } from "./support/awsProject";
import { EVERYTHING } from "./support/awsEverything";

describe("the aws stand-in, under the engine, on the emulator", function () {
  this.timeout(240_000);
  const project = awsProject();
  let moto: Moto;

  before(async () => {
    moto = await Moto.start();
    await makeRole(moto, USDA);
    await project.createStack();
    project.program(providerOf(moto, USDA) + EVERYTHING);
  });
  after(async () => {
    project.remove();
    await moto.stop();
  });

  it("makes one of every type that it has", async () => {
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const made = new Set(project.resources().map(({ type }) => type));
    assert.deepEqual(
      Object.keys(KINDS).filter((type) => !made.has(type)),
      [],
    );
  });

  it("finds nothing to do a second time", async () => {
    const again = await project.up("--expect-no-changes", "--diff");
    assert.equal(again.code, 0, again.text);
  });

  it("finds nothing to tell in a refresh", async () => {
    const refresh = await project.pulumi(
      "refresh",
      "--yes",
      "--skip-preview",
      "--diff",
      "--expect-no-changes",
      "--stack",
      "test",
    );
    assert.equal(refresh.code, 0, refresh.text);
  });

  it("gives only outputs that the published types have", () => {
    for (const { type, outputs = {} } of project.resources().filter(({ type: token }) => token in KINDS)) {
      const [, file = ""] = /^aws:([^:]+):/.exec(type) ?? [];
      const text = fs.readFileSync(path.join(projectRoot(), "node_modules/@pulumi/aws", `${file}.js`), "utf8");
      const declared = new Set([...text.matchAll(/resourceInputs\["(\w+)"\]/g)].map(([, name]) => name));
      const strangers = Object.keys(outputs).filter((name) => name !== "id" && !declared.has(name));
      assert.deepEqual(strangers, [], type);
    }
  });

  it("takes over every type by the id that it gave, with nothing to change", async () => {
    const left = project.resources().filter(({ type }) => type in KINDS);
    const taken = Object.fromEntries(
      left.map(({ type, urn, id, inputs = {} }) => {
        const property = KINDS[type]?.name?.property;
        const given = property === undefined ? {} : { [property]: inputs[property] };
        return [`${type} ${urn.slice(urn.lastIndexOf("::") + 2)}`, { id, given }];
      }),
    );
    const other = awsProject();
    try {
      await other.createStack();
      other.program(`
        const taken = ${JSON.stringify(taken)};
        pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
          const one = taken[type + " " + name];
          return one && { props: { ...props, ...one.given }, opts: { ...opts, import: one.id } };
        });
        ${providerOf(moto, USDA)}${EVERYTHING}`);
      const up = await other.up();
      assert.equal(up.code, 0, up.text);
      assert.match(up.text, new RegExp(`= ${left.length} imported`));
      const again = await other.up("--expect-no-changes", "--diff");
      assert.equal(again.code, 0, again.text);
    } finally {
      other.remove();
    }
  });

  it("takes all of it away again", async () => {
    const destroy = await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test");
    assert.equal(destroy.code, 0, destroy.text);
    assert.deepEqual(project.resources(), []);
  });
});
