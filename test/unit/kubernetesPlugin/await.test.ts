import assert from "node:assert/strict";
import type { KubeObject } from "../../../platform/kube/client";
import { describeTrouble, TroubleClock, troublesOf } from "../../../platform/plugins/kubernetes/await/diagnosis";
import { parseExpectations } from "../../../platform/plugins/kubernetes/await/custom";
import { isAwaited, needsEndpoints, readiness } from "../../../platform/plugins/kubernetes/await/readiness";

const object = (apiVersion: string, kind: string, spec: object, status: object, generation = 1): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: "x", generation },
  spec,
  status,
});
const deployment = (status: object, spec: object = { replicas: 3 }) =>
  object("apps/v1", "Deployment", spec, { observedGeneration: 1, ...status });
const statefulSet = (status: object, spec: object = { replicas: 2 }) =>
  object("apps/v1", "StatefulSet", spec, { observedGeneration: 1, ...status });
const full = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 };

const STATES: readonly (readonly [string, KubeObject, "ready" | "waiting" | "failed", RegExp?])[] = [
  ["a complete Deployment", deployment(full), "ready"],
  ["one not seen by its controller", deployment({ ...full, observedGeneration: 0 }), "waiting", /controller/],
  ["one with old pods", deployment({ ...full, replicas: 4 }), "waiting", /1 old pod stays/],
  ["one half updated", deployment({ ...full, updatedReplicas: 1 }), "waiting", /1 of 3 pods started/],
  ["one not available", deployment({ ...full, availableReplicas: 2 }), "waiting", /2 of 3 pods available/],
  ["one scaled to nothing", deployment({}, { replicas: 0 }), "ready"],
  ["one without replicas means one", deployment({}, {}), "waiting", /0 of 1/],
  ["a paused one", deployment({}, { replicas: 3, paused: true }), "ready"],
  [
    "one past its deadline",
    deployment({
      conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }],
    }),
    "failed",
    /timed out/,
  ],
  [
    "one scaled to nothing after its deadline",
    deployment(
      { conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] },
      { replicas: 0 },
    ),
    "ready",
  ],
  [
    "a StatefulSet of one revision",
    statefulSet({ replicas: 2, readyReplicas: 2, currentRevision: "a", updateRevision: "a" }),
    "ready",
  ],
  [
    "one rolling",
    statefulSet({ replicas: 2, readyReplicas: 2, currentRevision: "a", updateRevision: "b", updatedReplicas: 1 }),
    "waiting",
  ],
  [
    "one with a partition",
    statefulSet(
      { replicas: 2, readyReplicas: 2, currentRevision: "a", updateRevision: "b", updatedReplicas: 1 },
      { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
    ),
    "ready",
  ],
  [
    "a DaemonSet",
    object(
      "apps/v1",
      "DaemonSet",
      {},
      { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
    ),
    "waiting",
    /1 of 2/,
  ],
  ["a Job that runs", object("batch/v1", "Job", {}, { active: 1 }), "waiting"],
  [
    "a Job that is done",
    object("batch/v1", "Job", {}, { conditions: [{ type: "Complete", status: "True" }] }),
    "ready",
  ],
  [
    "a Job that failed",
    object("batch/v1", "Job", {}, { conditions: [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }] }),
    "failed",
    /DeadlineExceeded/,
  ],
  ["a suspended Job", object("batch/v1", "Job", { suspend: true }, {}), "ready"],
  [
    "a ready Pod",
    object("v1", "Pod", {}, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] }),
    "ready",
  ],
  ["an evicted Pod", object("v1", "Pod", {}, { phase: "Failed", reason: "Evicted" }), "failed", /Evicted/],
  [
    "a load balancer without address",
    object("v1", "Service", { type: "LoadBalancer" }, {}),
    "waiting",
    /load balancer/,
  ],
  ["a bound claim", object("v1", "PersistentVolumeClaim", {}, { phase: "Bound" }), "ready"],
  ["a CRD being established", object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {}), "waiting"],
  ["a ConfigMap", object("v1", "ConfigMap", {}, {}), "ready"],
];

describe("readiness", () => {
  for (const [name, subject, state, message] of STATES) {
    it(`${name} is ${state}`, () => {
      const answer = readiness(subject);
      assert.equal(answer.state, state);
      if (message) assert.match(answer.state === "ready" ? "" : answer.message, message);
    });
  }

  it("asks for endpoints only where a Service selects pods and has an address", () => {
    const service = (spec: object) => needsEndpoints(object("v1", "Service", spec, {}));
    assert.ok(service({ selector: { app: "x" }, clusterIP: "10.0.0.1" }));
    assert.ok(!service({ clusterIP: "10.0.0.1" }));
    assert.ok(!service({ selector: { app: "x" }, clusterIP: "None" }));
    assert.ok(!service({ selector: { app: "x" }, type: "ExternalName" }));
    assert.ok(!isAwaited(object("example.com/v1", "Deployment", {}, {})));
  });
});

const EXPECTATIONS: readonly (readonly [string, boolean])[] = [
  ["condition=Ready", true],
  ["condition=Ready=true", true],
  ["condition=Stalled=False", true],
  ["condition=Synced", false],
  ["jsonpath={.status.phase}", true],
  ["jsonpath={.status.phase}=Bound", true],
  ["jsonpath={.status.list[1].n}=2", true],
  ["jsonpath={.metadata.annotations['a.b/c']}=x", true],
  ["jsonpath={.status.phase}=Lost", false],
  ['["condition=Ready", "jsonpath={.status.none}"]', false],
];

describe("what a program says to wait for", () => {
  const conditions = [
    { type: "Ready", status: "True" },
    { type: "Stalled", status: "False" },
  ];
  const widget = object("example.com/v1", "Widget", {}, { phase: "Bound", list: [{ n: 1 }, { n: 2 }], conditions });
  for (const [text, holds] of EXPECTATIONS) {
    it(`${text} ${holds ? "holds" : "does not hold yet"}`, () => {
      const annotations = { "pulumi.com/waitFor": text, "a.b/c": "x" };
      const subject = { ...widget, metadata: { name: "w", annotations } };
      assert.ok(isAwaited(subject));
      assert.equal(readiness(subject).state, holds ? "ready" : "waiting");
    });
  }

  it("refuses what it does not understand", () => {
    for (const text of ["Ready", "jsonpath={..a}", "jsonpath={.a[?(@.b)]}", "[1"]) {
      assert.throws(() => parseExpectations(text));
    }
  });
});

const pod = (container: object, conditions: object[] = []): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  status: { conditions, containerStatuses: [{ name: "main", ...container }] },
});
const waiting = (reason: string, message = "", restartCount = 0) =>
  pod({
    restartCount,
    state: { waiting: { reason, message } },
    lastState: { terminated: { exitCode: 3, reason: "Error" } },
  });

const TROUBLES: readonly (readonly [string, KubeObject, number | undefined | "none"])[] = [
  ["an image the registry does not have", waiting("ImagePullBackOff", "Back-off pulling image: manifest unknown"), 6],
  ["an image behind a registry that does not answer", waiting("ErrImagePull", "connection refused"), undefined],
  ["an image name that is none", waiting("InvalidImageName"), 0],
  ["a missing ConfigMap", waiting("CreateContainerConfigError", 'configmap "x" not found'), 10],
  ["a first crash", waiting("CrashLoopBackOff", "", 1), undefined],
  ["a third start that failed", waiting("CrashLoopBackOff", "", 2), 0],
  ["a container being made", waiting("ContainerCreating"), "none"],
  [
    "a pod no node takes",
    { ...pod({}), status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] } },
    undefined,
  ],
  ["a ready pod that crashed before", pod({ restartCount: 9 }, [{ type: "Ready", status: "True" }]), "none"],
];

describe("diagnosis of pods", () => {
  for (const [name, subject, patience] of TROUBLES) {
    it(`${name} ${patience === "none" ? "is no trouble" : patience === undefined ? "is waited for" : `is given ${patience} s`}`, () => {
      const [trouble] = troublesOf([subject]);
      assert.equal(trouble === undefined ? "none" : trouble.patience, patience);
    });
  }

  it("says how a container ended", () => {
    const [trouble] = troublesOf([waiting("CrashLoopBackOff", "back-off", 2)]);
    assert.ok(trouble);
    assert.equal(describeTrouble(trouble), "pod p, container main: CrashLoopBackOff: exit code 3, restarted 2 times");
  });

  it("gives one crashing pod more tries while others run", () => {
    const others = pod({}, [{ type: "Ready", status: "True" }]);
    assert.equal(troublesOf([waiting("CrashLoopBackOff", "", 2), others])[0]?.patience, undefined);
    assert.equal(troublesOf([waiting("CrashLoopBackOff", "", 5), others])[0]?.patience, 0);
  });

  it("counts the time of one trouble across its two names, and forgets one that passed", () => {
    const clock = new TroubleClock();
    const pulling = troublesOf([waiting("ErrImagePull", "not found")]);
    const backingOff = troublesOf([waiting("ImagePullBackOff", "not found")]);
    assert.deepEqual(clock.overdue(pulling, 0), []);
    assert.equal(clock.overdue(backingOff, 6_000).length, 1);
    assert.deepEqual(clock.overdue([], 7_000), []);
    assert.deepEqual(clock.overdue(pulling, 20_000), []);
  });
});
