import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { trustedKeys } from "../../core/attest/keys";
import { ACTIONS, decisionOf } from "../../core/permission/decision";
import { podFacts } from "../../core/permission/facts";
import { imagesOf } from "../../core/admission/review";
import { loadPermissions, type PermissionPolicy } from "../../platform/permission";
import { judge } from "../../policy/pulumi/pack";
import type { Known } from "../../policy/pulumi/rule";
import { AdmissionJudge } from "../../provider/admission/judge";
import { sign } from "../../provider/attest/sign";
import { newImageKey } from "../support/imageKey";
import { TestRegistry } from "../support/registry";

const ROOT = path.resolve(__dirname, "../..");
const REGO = path.join(ROOT, "policy", "rego");
const opa = path.join(process.env.HMS_HOME ?? path.join(homedir(), ".hms"), "bin", "opa");

/** One case, for whoever decides it; policy/rego/vectors.json. */
interface Vector {
  readonly input: Readonly<Record<string, unknown>>;
  /** Spec of a pod that the action brings: policy pack and admission decide about it too. */
  readonly pod?: Known;
  /** Whether a key that counts has signed its images. */
  readonly signed?: boolean;
  /** Why the gate says no; empty: allowed. */
  readonly reasons: readonly string[];
  /** Rules of the pack that say no. */
  readonly pack?: readonly string[];
  /** How what admission says against it begins. */
  readonly admission?: readonly string[];
}
const text = readFileSync(path.join(REGO, "vectors.json"), "utf8");
const vectors = JSON.parse(text) as readonly Vector[];
const nameOf = ({ input, pod, reasons }: Vector) =>
  `${reasons.length === 0 ? "allows" : "denies"} ${JSON.stringify(input)}${pod === undefined ? "" : ` with ${JSON.stringify(imagesOf(pod)[0]?.slice(-12))}`}`;

describe("the permission policy", () => {
  const cache = mkdtempSync(path.join(tmpdir(), "hms-permission-"));
  const asked = vectors.map(({ input, pod, signed }) =>
    pod === undefined ? input : { ...input, context: contextOf(input, pod, signed) },
  );
  let policy: PermissionPolicy;
  /** What the program says to each case, all asked in one start of it. */
  let answers: readonly unknown[];
  before(async () => {
    policy = await loadPermissions(opa, ROOT, cache);
    const files = ["permission.rego", "roles.json"].flatMap((name) => ["--data", path.join(REGO, name)]);
    const each = "[decision | some one in input; decision := data.hms.permission.decision with input as one]";
    const words = ["eval", ...files, "--stdin-input", "--format", "raw", each];
    const answer = execFileSync(opa, words, { input: JSON.stringify(asked), encoding: "utf8" });
    answers = JSON.parse(answer) as readonly unknown[];
    assert.equal(answers.length, vectors.length);
  });
  after(() => {
    rmSync(cache, { recursive: true });
  });

  for (const [index, vector] of vectors.entries())
    it(`${nameOf(vector)}, by the opa program and in the gate (${index})`, () => {
      const { reasons } = vector;
      const decision = { allow: reasons.length === 0, reasons: [...reasons].sort() };
      assert.deepEqual(answers[index], decision);
      assert.deepEqual(policy.decide(asked[index] ?? {}), decision);
    });

  it("lets an operator do everything that commands ask for, and a pipeline no more than it needs", () => {
    const granted = (role: string, stack = "prod") =>
      ACTIONS.filter((action) => policy.decide({ role, action, resource: "web", context: { stack } }).allow);
    const snapshots = ["snapshot-take", "snapshot-load", "snapshot-prune"];
    assert.deepEqual(granted("Operator"), ACTIONS);
    assert.deepEqual(granted("Pipeline"), ["deploy", "promote", "abort", ...snapshots, "prune"]);
    assert.deepEqual(granted("Analyst"), []);
    const keeping = ["create", "extend", "share", "destroy"].map((what) => `sandbox-${what}`);
    assert.deepEqual(granted("Analyst", "sandboxes"), keeping);
    const open = ["deploy", "promote", "rollback", "abort", ...snapshots, "image-sign", "ledger-export", "tls-renew"];
    assert.deepEqual(granted("Analyst", "dev"), open);
  });

  it("is put cases of each way to be allowed and denied, for what hands data out or acts beside releases", () => {
    const kinds = [/^$/, /^role \w+ may not/, /^there is no role/, /^no role was given$/, /^nothing proves role/];
    for (const action of ACTIONS.filter((one) => /^(snapshot|image|ledger|tls)-|-reap$/.test(one))) {
      const said = vectors.filter(({ input }) => input.action === action).map(({ reasons }) => reasons.join("; "));
      for (const kind of kinds)
        assert.ok(
          said.some((one) => kind.test(one)),
          `${action}: no case of ${String(kind)}`,
        );
    }
  });

  it("knows its roles by name", () => {
    assert.deepEqual(policy.roles, ["Pipeline", "Operator", "Analyst"]);
  });

  it("passes its own tests", () => {
    const told = execFileSync(opa, [
      "test",
      ...["permission.rego", "permission_test.rego"].map((name) => path.join(REGO, name)),
    ]);
    assert.match(told.toString(), /^PASS: \d+\/\d+$/m);
  });

  it("is compiled once for each content, and named by it", async () => {
    const again = await loadPermissions("/no/such/opa", ROOT, cache);
    assert.equal(again.digest, policy.digest);
    assert.match(policy.digest, /^[0-9a-f]{64}$/);
    assert.equal(readdirSync(cache).length, 1);
  });

  it("denies where it gives no decision", () => {
    for (const nothing of [undefined, [], [{}], [{ result: true }], [{ result: { allow: true } }]])
      assert.equal(decisionOf(nothing).allow, false);
    assert.equal(decisionOf([{ result: { allow: true, reasons: ["but"] } }]).allow, false);
  });
});

describe("cases that gate, policy pack and admission decide alike", () => {
  const registry = new TestRegistry();
  const key = newImageKey();
  const admission = new AdmissionJudge({ keys: trustedKeys([key.pem]), own: [] });
  const cache = mkdtempSync(path.join(tmpdir(), "hms-permission-"));
  let policy: PermissionPolicy;
  /** The names of the vectors -> images that are really there, and signed or not. */
  let placed: (given: string) => string;
  before(async () => {
    policy = await loadPermissions(opa, ROOT, cache);
    await registry.start();
    const signed = await registry.push("web", "v3");
    await sign(signed, key.signer);
    const unsigned = await registry.push("web", "v4");
    placed = (given) =>
      given
        .replaceAll(`registry.example.gov/web@sha256:${"1".repeat(64)}`, signed)
        .replaceAll(`registry.example.gov/web@sha256:${"2".repeat(64)}`, unsigned)
        .replaceAll("registry.example.gov", registry.host);
  });
  after(() => {
    registry.stop();
    rmSync(cache, { recursive: true });
  });

  for (const [index, vector] of vectors.entries()) {
    if (vector.pod === undefined) continue;
    it(`${nameOf(vector)} (${index})`, async () => {
      const {
        input,
        pod,
        signed,
        reasons,
        pack,
        admission: admitted,
      } = JSON.parse(placed(JSON.stringify(vector))) as Required<Vector>;
      const gate = policy.decide({ ...input, context: contextOf(input, pod, signed) });
      assert.deepEqual(gate.reasons, [...reasons].sort());
      const resource = { urn: "urn", type: "kubernetes:core/v1:Pod", name: "web", inputs: { spec: pod } };
      const found = judge(resource, { stack: "prod", config: {}, production: true });
      assert.deepEqual([...new Set(found.map(({ rule }) => rule.name))].sort(), [...pack].sort());
      const asked = { uid: "1", kind: "Pod", operation: "CREATE", namespace: "prod", name: "web" };
      const problems = await admission.problems({ ...asked, object: { spec: pod }, oldObject: null });
      assert.equal(problems.length, admitted.length, problems.join("\n"));
      for (const [place, begins] of admitted.entries())
        assert.ok(problems[place]?.startsWith(begins), `${problems[place] ?? ""} does not begin with ${begins}`);
      // Whatever is wrong with a pod is wrong for the gate and for one of the others at least, and the other way round.
      const ofPod = gate.reasons.filter((reason) => /^image | is in plain text$/.test(reason));
      assert.equal(ofPod.length > 0, pack.length > 0 || admitted.length > 0);
    });
  }
});

function contextOf(input: Vector["input"], pod: Known, signed: boolean | undefined): object {
  const looked = new Map(signed === undefined ? [] : imagesOf(pod).map((image) => [image, signed] as const));
  return { ...(input.context as object), ...podFacts(pod, looked) };
}
