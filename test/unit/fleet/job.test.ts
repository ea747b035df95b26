import { strict as assert } from "node:assert";
import { fleetJobManifests, jobProblems, type FleetJob, type JobStack } from "../../../core/fleet/job";
import { asArray, path } from "../../../core/json";

const job: FleetJob = {
  ...{ name: "fleet-1-w1", fleet: "1", namespace: "hms-fleet", account: "hms-fleet", context: "prod" },
  ...{ stacks: ["usda", "epa", "doi"], parallel: 2, mayFail: 1, image: "r/hms/deployer@sha256:0", sources: "abc" },
  files: { usda: "config: {}", epa: "config: {}", doi: "config: {}" },
  env: { PULUMI_BACKEND_URL: "s3://state" },
  secrets: { PULUMI_CONFIG_PASSPHRASE: "never shown" },
};

describe("a wave as a Job", () => {
  const [files, , manifest] = fleetJobManifests(job);
  const pod = path(manifest, "spec", "template", "spec");
  const container = path(pod, "containers", 0);

  it("has an index for each stack, so many pods at once as are wanted, and tries none again", () => {
    const { completionMode, completions, parallelism, backoffLimitPerIndex } = manifest.spec as Record<string, unknown>;
    assert.deepEqual([completionMode, completions, parallelism, backoffLimitPerIndex], ["Indexed", 3, 2, 0]);
    assert.deepEqual(Object.keys(files.data as object), ["Pulumi.usda.yaml", "Pulumi.epa.yaml", "Pulumi.doi.yaml"]);
  });

  it("gives a pod time to restore when it is told to end", () => {
    assert.ok(Number(path(pod, "terminationGracePeriodSeconds")) >= 600);
    assert.equal(path(manifest, "spec", "podReplacementPolicy"), "Failed");
  });

  it("has no secret in the pod's spec", () => {
    assert.ok(!JSON.stringify(manifest).includes("never shown"));
    assert.deepEqual(path(container, "envFrom"), [{ secretRef: { name: job.name } }]);
  });

  it("is restricted, and sees nothing of a machine, unless the cluster is this machine", () => {
    assert.equal(path(pod, "securityContext", "runAsNonRoot"), true);
    assert.equal(path(pod, "hostNetwork"), undefined);
    assert.ok(asArray(path(pod, "volumes")).every((volume) => path(volume, "hostPath") === undefined));
    const [, , here] = fleetJobManifests({ ...job, machine: { folders: ["/home/hms"], user: 1000 } });
    const local = path(here, "spec", "template", "spec");
    assert.deepEqual([path(local, "hostNetwork"), path(local, "hostPID")], [true, true]);
    assert.deepEqual(path(local, "volumes", 1, "hostPath"), { path: "/home/hms", type: "Directory" });
  });

  const stack: JobStack = {
    ...{ stack: "usda", contexts: ["prod"], ledgerInFolder: false, built: [], approvedSources: false },
  };
  const cases: readonly (readonly [string, Partial<JobStack>, string, boolean, readonly RegExp[]])[] = [
    ["takes stacks with images by digest", {}, "s3://state", false, []],
    ["takes stacks that build where the cluster is this machine", { built: ["a"], ledgerInFolder: true }, "", true, []],
    ["refuses a state on this machine", {}, "file:///state", false, [/"file:\/\/\/state", on this machine/]],
    ["refuses what pods do not reach", { contexts: ["prod", "other"] }, "s3://s", false, [/usda delivers to other;/]],
    ["refuses sources that are to be approved", { approvedSources: true }, "s3://s", true, [/no git/]],
    [
      "refuses all at once",
      { built: ["a", "b"], ledgerInFolder: true },
      "",
      false,
      [/state is at ""/, /ledger in a folder/, /builds a, b; pods have no Docker/],
    ],
  ];
  for (const [what, change, backend, isMachine, expected] of cases)
    it(what, () => {
      const problems = jobProblems([{ ...stack, ...change }], "prod", backend, isMachine);
      assert.equal(problems.length, expected.length, problems.join("\n"));
      expected.forEach((pattern, index) => {
        assert.match(problems[index] ?? "", pattern);
      });
    });
});
