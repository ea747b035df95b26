import assert from "node:assert/strict";
import {
  admissionDeployment,
  admissionHost,
  admissionNamespace,
  keysData,
  nodePortFor,
  webhooks,
} from "../../../core/admission/objects";
import { answerTo, broughtBy, imagesOf, requestIn, type AdmissionRequest } from "../../../core/admission/review";
import { AdmissionJudge } from "../../../provider/admission/judge";
import type { Verdict } from "../../../provider/attest/verify";

const IMAGE = `registry.example.gov/benefit@sha256:${"a".repeat(64)}`;
const OTHER = `registry.example.gov/benefit@sha256:${"b".repeat(64)}`;
const pod = (image: string, env: readonly object[] = []) => ({ spec: { containers: [{ name: "web", image, env }] } });
const request = (object: unknown, oldObject: unknown = null, kind = "Pod"): AdmissionRequest => ({
  ...{ uid: "1", kind, operation: oldObject === null ? "CREATE" : "UPDATE", namespace: "prod", name: "web" },
  ...{ object, oldObject },
});
const template = (spec: object) => ({ spec: { replicas: 1, template: spec } });

describe("a review of the API server", () => {
  it("is read, and what is none is not", () => {
    const review = (more: object) =>
      JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", ...more });
    const asked = { uid: "1", kind: { kind: "Pod" }, operation: "CREATE", namespace: "prod", object: pod(IMAGE) };
    assert.deepEqual(requestIn(review({ request: asked })), {
      ...{ ...asked, kind: "Pod", name: "", oldObject: undefined },
    });
    for (const text of [
      "",
      "{}",
      review({}),
      review({ request: {} }),
      review({ request: asked }).replace("/v1", "/v1beta1"),
    ])
      assert.equal(requestIn(text), undefined);
  });

  it("is answered by its id, with what is wrong", () => {
    assert.deepEqual(answerTo("7", []), {
      ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
      response: { uid: "7", allowed: true },
    });
    assert.match(JSON.stringify(answerTo("7", ["one", "two"])), /"uid":"7","allowed":false.*"one\\ntwo"/);
  });

  it("is about all containers of a pod, each image once", () => {
    const spec = {
      initContainers: [{ image: "a" }],
      containers: [{ image: "b" }, { image: "a" }],
      ephemeralContainers: [{ image: "c" }, {}],
    };
    assert.deepEqual(imagesOf(spec), ["a", "b", "c", ""]);
    assert.deepEqual(imagesOf(undefined), []);
  });

  it("is about what it brings alone: what stands there already is not asked again", () => {
    assert.deepEqual(broughtBy(request(pod(IMAGE)), imagesOf), [IMAGE]);
    assert.deepEqual(broughtBy(request(pod(IMAGE), pod(IMAGE)), imagesOf), []);
    const changed = request(template(pod(OTHER)), template(pod(IMAGE)), "Deployment");
    assert.deepEqual(broughtBy(changed, imagesOf), [OTHER]);
  });
});

describe("the judge of admissions", () => {
  const verdicts: Readonly<Record<string, Verdict>> = {
    [IMAGE]: { ok: true, digest: "", keyId: "" },
    [OTHER]: { ok: false, fault: { kind: "unsigned" }, message: "other is unsigned" },
  };
  const judging = (own: readonly string[] = []) => {
    const asked: string[] = [];
    let time = 0;
    const ask = (image: string): Promise<Verdict> => {
      asked.push(image);
      const verdict = verdicts[image];
      return verdict ? Promise.resolve(verdict) : Promise.reject(new Error("registry is away"));
    };
    const judge = new AdmissionJudge({ keys: new Map(), own }, ask, () => time);
    return { judge, asked, pass: (ms: number) => (time += ms) };
  };

  it("lets verified images through, and says of others what is wrong", async () => {
    const { judge } = judging();
    assert.deepEqual(await judge.problems(request(pod(IMAGE))), []);
    assert.deepEqual(await judge.problems(request(pod(OTHER))), ["other is unsigned"]);
  });

  it("refuses what cannot be verified", async () => {
    const { judge } = judging();
    assert.deepEqual(await judge.problems(request(pod("nowhere"))), [
      "nowhere could not be verified, so it does not run: registry is away",
    ]);
  });

  it("asks for a good image once in a while, and for a bad one each time", async () => {
    const { judge, asked, pass } = judging();
    for (let round = 0; round < 3; round += 1) await judge.problems(request(pod(IMAGE)));
    for (let round = 0; round < 2; round += 1) await judge.problems(request(pod(OTHER)));
    assert.deepEqual(asked, [IMAGE, OTHER, OTHER]);
    pass(5 * 60_000);
    await judge.problems(request(pod(IMAGE)));
    assert.deepEqual(asked.slice(3), [IMAGE]);
  });

  it("lets the program's own image through by its digest alone", async () => {
    const { judge, asked } = judging([OTHER]);
    assert.deepEqual(await judge.problems(request(pod(OTHER))), []);
    assert.deepEqual(asked, []);
  });

  it("refuses a secret in plain text, without its value, and no reference to one", async () => {
    const { judge } = judging();
    const [problem = "", ...more] = await judge.problems(
      request(
        pod(IMAGE, [
          { name: "DB_PASSWORD", value: "hunter2" },
          { name: "LOG_LEVEL", value: "info" },
        ]),
      ),
    );
    assert.deepEqual(more, []);
    assert.match(problem, /DB_PASSWORD of container web is in plain text/);
    assert.doesNotMatch(problem, /hunter2/);
    const reference = { name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } };
    assert.deepEqual(await judge.problems(request(pod(IMAGE, [reference]))), []);
  });
});

describe("the objects of the guard", () => {
  const settings = {
    namespace: "prod",
    image: IMAGE,
    keys: ["-----BEGIN PUBLIC KEY-----\n"],
    attestations: ["scan"],
  } as const;

  it("fail closed, and look at the stack's own namespace alone, never at the guard's", () => {
    const all = webhooks("prod", "Y2E=");
    for (const one of all) {
      assert.equal(one.failurePolicy, "Fail");
      assert.deepEqual(one.namespaceSelector.matchExpressions, [
        { key: "kubernetes.io/metadata.name", operator: "In", values: ["prod"] },
      ]);
      assert.notEqual(one.clientConfig.service.namespace, "prod");
    }
    assert.deepEqual(
      all.map(({ rules }) => rules[0]?.resources),
      [["pods", "pods/ephemeralcontainers"], ["deployments"]],
    );
    assert.equal(admissionNamespace("prod"), "prod-admission");
    assert.equal(admissionHost("prod"), "hms-admission.prod-admission.svc");
  });

  it("run without rights, as nobody, with what they are to ask for", () => {
    const { template: made, replicas } = admissionDeployment(settings);
    const [container] = made.spec.containers;
    assert.equal(replicas, 2);
    assert.equal(made.spec.automountServiceAccountToken, false);
    assert.equal(made.spec.hostNetwork, false);
    assert.equal(container?.securityContext.readOnlyRootFilesystem, true);
    const listen = ["--listen", "$(ADDRESS):8443", "--own", IMAGE, "--attestations", "scan"];
    assert.deepEqual(container.args.slice(5), listen);
  });

  it("are other pods when the keys are others", () => {
    const notes = (keys: readonly string[]) => admissionDeployment({ ...settings, keys }).template.metadata.annotations;
    assert.notDeepEqual(notes(["a"]), notes(["a", "b"]));
    assert.deepEqual(notes(["a", "b"]), notes(["b", "a"]));
    assert.equal(Object.keys(keysData(["a", "b", "a\n"])).length, 2);
  });

  it("of several stacks have each a port of its own where they share a node's network", () => {
    const ports = ["hms-dev", "hms-staging", "hms-preprod", "hms-prod"].map(nodePortFor);
    assert.equal(new Set(ports).size, ports.length);
    for (const port of ports) assert.ok(port >= 20_000 && port < 30_000);
    const { replicas, strategy } = admissionDeployment({ ...settings, nodePort: 20_001 });
    assert.deepEqual([replicas, strategy.rollingUpdate.maxSurge], [1, 0]);
  });
});
