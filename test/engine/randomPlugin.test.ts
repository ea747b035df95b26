import assert from "node:assert/strict";
import { compareSync } from "bcryptjs";
import { PluginProject } from "./support/pluginProject";

const EVERYTHING = `
  const keepers = { release: process.env.RELEASE ?? "1" };
  const id = new random.RandomId("id", { byteLength: 4, prefix: "p-", keepers });
  const password = new random.RandomPassword("password", { length: 20, minNumeric: 3, overrideSpecial: "_", keepers });
  const text = new random.RandomString("text", { length: 12, special: false, upper: false });
  const pet = new random.RandomPet("pet", { length: 3, prefix: "sbx" });
  const number = new random.RandomInteger("number", { min: 10, max: 12 });
  const seeded = new random.RandomInteger("seeded", { min: 0, max: 1000000, seed: "s" });
  const order = new random.RandomShuffle("order", { inputs: ["a", "b", "c"], resultCount: 5 });
  const uuid = new random.RandomUuid("uuid");
  module.exports = {
    id: id.id, hex: id.hex, dec: id.dec, b64Std: id.b64Std, b64Url: id.b64Url,
    password: password.result, hash: password.bcryptHash, numeric: password.numeric,
    text: text.result, pet: pet.id, separator: pet.separator, number: number.result, seeded: seeded.result,
    order: order.results, uuid: uuid.result,
  };
`;

describe("the random stand-in, under the engine", () => {
  const project = new PluginProject("random", "4.21.2");
  let first: Record<string, unknown>;

  before(async () => {
    await project.createStack();
  });
  after(() => {
    project.remove();
  });

  it("makes every kind in the published formats", async () => {
    project.program(EVERYTHING);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    first = await project.outputs();
    assert.match(String(first.hex), /^p-[0-9a-f]{8}$/);
    const bytes = Buffer.from(String(first.hex).slice(2), "hex");
    assert.equal(first.id, bytes.toString("base64url"));
    assert.equal(first.b64Url, `p-${bytes.toString("base64url")}`);
    assert.equal(first.b64Std, `p-${bytes.toString("base64")}`);
    assert.equal(first.dec, `p-${bytes.readUInt32BE(0)}`);
    assert.match(String(first.password), /^[A-Za-z0-9_]{20}$/);
    assert.ok(compareSync(String(first.password), String(first.hash)));
    assert.equal(first.numeric, true);
    assert.match(String(first.text), /^[a-z0-9]{12}$/);
    assert.match(String(first.pet), /^sbx-[a-z]+-[a-z]+-[a-z]+$/);
    assert.ok([10, 11, 12].includes(Number(first.number)));
    assert.match(String(first.uuid), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(Array.isArray(first.order) && first.order.length === 5);
  });

  it("keeps password and hash out of the state file and of the display", async () => {
    const shown = await project.up();
    for (const secret of [String(first.password), String(first.hash)]) {
      assert.ok(!project.stateText().includes(secret));
      assert.ok(!shown.text.includes(secret));
    }
  });

  it("makes nothing anew in a second up or after a refresh", async () => {
    const again = await project.up("--refresh", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    assert.deepEqual(await project.outputs(), first);
  });

  it("replaces what has a changed keeper, and that alone", async () => {
    project.env.RELEASE = "2";
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(preview.text, /\+-random:index\/randomPassword:RandomPassword: \(replace\)/);
    assert.match(preview.text, /~ release: "1" => "2"/);
    assert.ok(!preview.text.includes(String(first.password)));
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const second = await project.outputs();
    assert.deepEqual(
      Object.keys(first).filter((name) => first[name] !== second[name] && name !== "order"),
      ["b64Std", "b64Url", "dec", "hash", "hex", "id", "password"],
    );
    assert.deepEqual(second.order, first.order);
  });

  it("takes no change from a setting that is written out but was the default", async () => {
    project.program(
      EVERYTHING.replace("special: false, upper: false", "special: false, upper: false, lower: true, minLower: 0"),
    );
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  for (const [setting, refusal] of [
    [
      'RandomPassword("p", { length: 2, minUpper: 2, minLower: 2 })',
      "property length value {2} has a problem: must be at least minUpper + minLower + minNumeric + minSpecial = 4, got 2",
    ],
    ['RandomInteger("i", { min: 2, max: 1 })', "property max value {1} has a problem: must be at least min (2), got 1"],
    [
      'RandomString("s", { length: 3, upper: false, lower: false, numeric: false, special: false })',
      "property special value {false} has a problem: at least one of upper, lower, numeric, special must be true",
    ],
    ['RandomId("d", { byteLength: 0 })', "property byteLength value {0} has a problem: must be at least 1, got 0"],
    ['RandomId("d", { byteLength: "four" })', "property byteLength value {four} has a problem: must be a whole number"],
  ] as const) {
    it(`refuses ${setting} in the preview, by property`, async () => {
      project.program(`new random.${setting};`);
      const preview = await project.pulumi("preview", "--stack", "test");
      assert.equal(preview.code, 1);
      assert.ok(preview.text.includes(refusal), `${refusal}\n--- not in ---\n${preview.text}`);
    });
  }

  it("never prints a secret setting that it refuses", async () => {
    project.program('new random.RandomPassword("p", { length: pulumi.secret(-4711) });');
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.notEqual(preview.code, 0);
    assert.match(preview.text, /length: must be at least 1/);
  });

  it("imports what was made elsewhere", async () => {
    project.program(`
      const password = new random.RandomPassword("known", { length: 9 }, { import: "s3cr3t-pw" });
      const id = new random.RandomId("id-known", { byteLength: 3, prefix: "x-" }, { import: "x-,AQID" });
      const number = new random.RandomInteger("number-known", { min: 1, max: 9 }, { import: "4,1,9" });
      const uuid = new random.RandomUuid("uuid-known", {}, { import: "3F2504E0-4F89-41D3-9A0C-0305E82C3301" });
      module.exports = { password: password.result, hex: id.hex, number: number.result, uuid: uuid.result };
    `);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.deepEqual(await project.outputs(), {
      hex: "x-010203",
      number: 4,
      password: "s3cr3t-pw",
      uuid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    });
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("leaves nothing after destroy", async () => {
    const destroy = await project.pulumi("destroy", "--yes", "--stack", "test");
    assert.equal(destroy.code, 0, destroy.text);
    assert.deepEqual(project.resources(), []);
  });
});
