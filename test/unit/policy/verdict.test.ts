import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describeVerdict, inputsDigest, whyNoVerdict, type Verdict } from "../../../core/policy/verdict";
import { PERMISSION_VARIABLE } from "../../../core/permission/decision";
import { mustBeAsked } from "../../../provider/policy/verdict";
import { PACK_OPTION, judged, packsWith } from "../../../platform/policyPack";
import { forgetEnded, leaveVerdict, readVerdict } from "../../../platform/verdicts";

const inputs = { service: "s", live: "blue" };
const urn = "urn:pulumi:prod::hms::hms:rollout:TrafficSwitch::s";
const run = { pid: process.pid, address: "127.0.0.1:4242" };
const verdict: Verdict = {
  version: 1,
  pack: { name: "hms", version: "0.1.0", digest: "a".repeat(64) },
  run,
  stack: "prod",
  preview: false,
  urn,
  inputs: inputsDigest(inputs),
  examined: 12,
  violations: [],
  at: "2026-11-22T08:00:00.000Z",
};
const asked = { run, preview: false, urn, inputs };

describe("a policy verdict", () => {
  const cases: readonly (readonly [string, Verdict | undefined, Partial<typeof asked>, RegExp | undefined])[] = [
    ["allows the very plan it is about", verdict, {}, undefined],
    ["allows it whatever the order of its inputs", verdict, { inputs: { live: "blue", service: "s" } }, undefined],
    ["that is missing allows nothing", undefined, {}, /no policy pack has judged this plan/],
    ["of another engine allows nothing", verdict, { run: { ...run, pid: 1 } }, /of another run/],
    ["of an earlier run of that port allows nothing", verdict, { run: { ...run, address: "x" } }, /of another run/],
    ["of the preview allows no update", { ...verdict, preview: true }, {}, /of another run/],
    ["on another resource allows nothing", verdict, { urn: `${urn}2` }, /of another run/],
    ["on other inputs allows nothing", verdict, { inputs: { ...inputs, live: "green" } }, /of another plan/],
    ["with a finding says it", { ...verdict, violations: ["a: b", "c: d"] }, {}, /found: a: b \(and 1 more\)/],
  ];
  for (const [what, found, change, why] of cases)
    it(what, () => {
      const said = whyNoVerdict(found, { ...asked, ...change });
      if (why) assert.match(said ?? "", why);
      else assert.equal(said, undefined);
    });

  it("names the pack by its digest", () => {
    assert.equal(
      describeVerdict(verdict),
      `policy pack hms 0.1.0 (sha256:${"a".repeat(64)}) found nothing against 12 resources`,
    );
  });
});

describe("a permission to deploy", () => {
  const plan = { permission: true, intent: "deploy" as const };
  const update = { name: "web", preview: false };
  const before = process.env[PERMISSION_VARIABLE];
  afterEach(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, PERMISSION_VARIABLE);
    else process.env[PERMISSION_VARIABLE] = before;
  });

  it("is what nothing moves without where the stack says how a role is proven: plain pulumi asks nobody", () => {
    process.env[PERMISSION_VARIABLE] = "";
    assert.throws(() => {
      mustBeAsked(plan, update);
    }, /^Refusal: web: nobody was asked for a role .*hms-deploy, which asks\. No traffic was moved, nothing is held$/);
  });

  it("is there after hms-deploy, and needed neither for a preview, nor for a way back, nor in another stack", () => {
    process.env[PERMISSION_VARIABLE] = "permission policy sha256:… lets role Pipeline deploy";
    mustBeAsked(plan, update);
    process.env[PERMISSION_VARIABLE] = "";
    mustBeAsked(plan, { ...update, preview: true });
    mustBeAsked({ ...plan, intent: "rollback" }, update);
    mustBeAsked({ intent: "deploy" }, update);
  });
});

describe("verdicts on this machine", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-verdicts-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("are found by run and resource, the newest one", () => {
    leaveVerdict(folder, { ...verdict, examined: 3 });
    leaveVerdict(folder, verdict);
    assert.deepEqual(readVerdict(folder, { run, urn }), verdict);
    assert.equal(readVerdict(folder, { run, urn: "other" }), undefined);
    assert.equal(readVerdict(folder, { run: { ...run, address: "127.0.0.1:1" }, urn }), undefined);
  });

  it("leave with the engine that they were for", () => {
    const ended = path.join(folder, "999999999-0123.json");
    writeFileSync(ended, "{}");
    forgetEnded(folder);
    assert.equal(existsSync(ended), false);
    assert.notEqual(readVerdict(folder, { run, urn }), undefined);
    forgetEnded(path.join(folder, "absent"));
  });
});

describe("the engine's option for the pack", () => {
  const root = path.resolve(__dirname, "../../..");
  const pack = path.join(root, "policy", "pulumi");

  it("holds ours first, once, and in no other checkout's edition", () => {
    assert.equal(packsWith(pack, undefined), pack);
    assert.equal(packsWith(pack, `/own,${pack}`), `${pack},/own`);
    assert.equal(packsWith("/checkout/policy/pulumi", `${pack},/own`), "/checkout/policy/pulumi,/own");
  });

  it("is given as a flag to whatever makes a plan, and what the caller named goes along", () => {
    const flags = ["--policy-pack", pack];
    assert.deepEqual(judged(["up", "--yes"], root, {}), ["up", "--yes", ...flags]);
    assert.deepEqual(judged(["preview"], root, { [PACK_OPTION]: "" }), ["preview", ...flags]);
    assert.deepEqual(judged(["up"], root, { [PACK_OPTION]: "/own" }), ["up", ...flags, "--policy-pack", "/own"]);
    assert.deepEqual(judged(["destroy", "--yes"], root, {}), ["destroy", "--yes"]);
  });
});
