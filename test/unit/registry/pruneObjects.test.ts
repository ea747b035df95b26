import assert from "node:assert/strict";
import { readStack, type ReadStack } from "../../../config/readStack";
import { asArray, path } from "../../../core/json";
import { pruneObjects, type PruneSettings } from "../../../core/registry/pruneObjects";

const SETTINGS: PruneSettings = {
  ...{ namespace: "hms-prod", context: "east", schedule: "0 4 * * *", timeZone: "Etc/UTC" },
  ...{ apply: false, deadline: 1800, annotations: {}, onNode: false },
  plan: {
    ...{ stack: "prod", keep: 5, services: ["web"], named: [] },
    registries: [{ address: "registry.example.gov:5443/hms" }],
    clusters: [{ name: "east", stack: "prod", reach: { context: "east" } }],
  },
};
const IMAGE = "registry/runner@sha256:1";
const podOf = (settings: PruneSettings) =>
  path(pruneObjects(settings).cronJob(IMAGE), "spec", "jobTemplate", "spec", "template", "spec");
const argsOf = (settings: PruneSettings) => asArray(path(podOf(settings), "containers", 0, "args"));

describe("what prunes registries by the clock", () => {
  it("changes nothing unless it is told to", () => {
    assert.deepEqual(argsOf(SETTINGS), ["prune", "--plan", "/plan/plan.json", "--own", "east"]);
    assert.equal(argsOf({ ...SETTINGS, apply: true }).at(-1), "--apply");
  });

  it("may list what names images in its cluster, read a ConfigMap by its name, and nothing else", () => {
    const { role, binding, account } = pruneObjects({ ...SETTINGS, apply: true });
    const verbs = role.rules.flatMap(({ resources, verbs }) => resources.map((one) => `${verbs.join()} ${one}`));
    assert.deepEqual(verbs, [
      ...["list httproutes", "list leases", "list deployments", "list replicasets", "list statefulsets"],
      ...["list daemonsets", "list jobs", "list cronjobs", "list pods", "get configmaps"],
    ]);
    assert.deepEqual(binding.subjects, [
      { kind: "ServiceAccount", name: "hms-registry-prune", namespace: "hms-prod-registry" },
    ]);
    assert.equal(account.automountServiceAccountToken, false);
  });

  it("stands beside the stack's namespace, for whoever starts pods there must not have its rights", () => {
    const { home, plan, account, policy, cronJob } = pruneObjects(SETTINGS);
    assert.equal(home.metadata.name, "hms-prod-registry");
    for (const { metadata } of [plan, account, policy, cronJob(IMAGE)])
      assert.equal(metadata.namespace, "hms-prod-registry");
  });

  it("reaches API servers, the registries' ports and the name service; nobody reaches it", () => {
    const { spec } = pruneObjects({ ...SETTINGS, networks: ["10.0.0.0/8"] }).policy;
    assert.deepEqual(spec.ingress, []);
    assert.deepEqual(spec.egress[0], {
      to: [{ ipBlock: { cidr: "10.0.0.0/8" } }],
      ports: [443, 6443, 5443].map((port) => ({ protocol: "TCP", port })),
    });
    assert.equal(spec.egress.length, 2);
    assert.deepEqual(path(pruneObjects(SETTINGS).policy.spec, "egress", 0, "to"), [{ ipBlock: { cidr: "0.0.0.0/0" } }]);
  });

  it("runs one at a time, once, restricted, on the node's network where registries are on its loopback alone", () => {
    const { spec } = pruneObjects(SETTINGS).cronJob(IMAGE);
    assert.equal(spec.concurrencyPolicy, "Forbid");
    assert.deepEqual(path(spec, "jobTemplate", "spec", "backoffLimit"), 0);
    assert.equal(path(podOf(SETTINGS), "hostNetwork"), false);
    assert.equal(path(podOf({ ...SETTINGS, onNode: true }), "hostNetwork"), true);
    assert.deepEqual(path(podOf(SETTINGS), "containers", 0, "securityContext"), {
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    });
  });

  it("has who it is to registries and other clusters from Secrets, which it mounts to read", () => {
    const settings = { ...SETTINGS, credentials: "pull", kubeconfig: "clusters" };
    const pod = podOf(settings);
    assert.deepEqual(
      asArray(path(pod, "volumes")).map((one) => path(one, "secret", "secretName")),
      [undefined, "pull", "clusters"],
    );
    for (const mount of asArray(path(pod, "containers", 0, "volumeMounts")))
      assert.equal(path(mount, "readOnly"), true);
    assert.deepEqual(argsOf(settings).slice(-2), ["--kubeconfig", "/kubeconfig/kubeconfig"]);
    assert.deepEqual(path(pod, "containers", 0, "env"), [{ name: "DOCKER_CONFIG", value: "/credentials" }]);
  });
});

const read = (registryPrune: unknown, more: Readonly<Record<string, unknown>> = {}): ReadStack =>
  readStack({
    stack: "test",
    values: {
      ...{ namespace: "hms-test", domain: "test.localhost", registry: "127.0.0.1:5000" },
      gateway: { name: "public", namespace: "gateway", address: "http://127.0.0.1:8080" },
      prometheus: "http://127.0.0.1:9090",
      services: {
        web: { image: `r/web@sha256:${"a".repeat(64)}`, port: 80, smoke: [{ name: "up", request: { path: "/" } }] },
      },
      ...(registryPrune === undefined ? {} : { registryPrune }),
      ...more,
    },
    encrypted: [],
    files: { read: () => undefined, absolute: (file) => file },
  });
const problemsOf = (...args: Parameters<typeof read>): readonly string[] => {
  const result = read(...args);
  return result.ok ? [] : result.problems;
};

describe("hms:registryPrune", () => {
  it("is off unless a stack has it, and then only says what may go", () => {
    const [off, on] = [read(undefined), read({ schedule: "0 4 * * *" })];
    assert.ok(off.ok && on.ok);
    assert.equal(off.config.registryPrune, undefined);
    assert.deepEqual(on.config.registryPrune, {
      ...{ schedule: "0 4 * * *", timeZone: "Etc/UTC", apply: false, keep: 5, deadline: 1800, annotations: {} },
    });
  });

  it("names everything that is wrong at once", () => {
    const wrong = { schedule: "nightly", apply: "yes", keep: -1, networks: ["10.0.0.1"], kubeconfig: "A B", days: 3 };
    const found = problemsOf(wrong);
    for (const key of ["schedule", "apply", "keep", "networks[0]", "kubeconfig", "days"])
      assert.ok(
        found.some((problem) => problem.startsWith(`hms:registryPrune.${key}: got `)),
        `${key}\n${found.join("\n")}`,
      );
  });

  it("needs a schedule, and a list of networks", () => {
    assert.match(problemsOf({}).join("\n"), /^hms:registryPrune\.schedule: got nothing; allowed is a cron line/);
    const schedule = "0 4 * * *";
    assert.match(problemsOf({ schedule, networks: "10.0.0.0/8" }).join("\n"), /^hms:registryPrune\.networks: got "10/);
  });

  it("needs an image of the runner where the local platform does not make one", () => {
    const schedule = "0 4 * * *";
    assert.match(
      problemsOf({ schedule }, { kubeContext: "east" }).join("\n"),
      /^hms:inCluster\.image: got nothing, with registryPrune and the context east; /,
    );
    const image = `r/runner@sha256:${"b".repeat(64)}`;
    assert.deepEqual(problemsOf({ schedule }, { kubeContext: "east", inCluster: { image } }), []);
  });
});
