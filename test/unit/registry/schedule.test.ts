import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { RegistryPrune } from "../../../components/registryPrune";
import { path } from "../../../core/json";

const IMAGE = `r/runner@sha256:${"b".repeat(64)}`;

describe("the component that prunes registries by the clock", () => {
  it("makes a CronJob of the named image, its account and its plan, in a namespace of its own", async () => {
    const seen = new Map<string, Readonly<Record<string, unknown>>>();
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          seen.set(type, inputs as Record<string, unknown>);
          return { id: name, state: inputs as object };
        },
        call: ({ token }) => {
          throw new Error(`${token} is not expected`);
        },
      },
      "hms",
      "prod",
    );
    new RegistryPrune(
      "registry-prune",
      {
        ...{ namespace: "hms-prod", kubeContext: "east", image: IMAGE },
        prune: {
          ...{ schedule: "0 4 * * *", timeZone: "Etc/UTC", apply: false, keep: 5, deadline: 60 },
          annotations: {},
        },
        plan: {
          ...{ stack: "prod", keep: 5, services: ["web"], named: [] },
          registries: [{ address: "registry.example.gov" }],
          clusters: [{ name: "east", stack: "prod", reach: { context: "east" } }],
        },
      },
      {},
    );
    await pulumi.runtime.disconnect();
    assert.deepEqual([...seen.keys()].sort(), [
      "hms:delivery:RegistryPrune",
      "kubernetes:batch/v1:CronJob",
      "kubernetes:core/v1:ConfigMap",
      "kubernetes:core/v1:Namespace",
      "kubernetes:core/v1:ServiceAccount",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    ]);
    const job = seen.get("kubernetes:batch/v1:CronJob");
    const pod = path(job, "spec", "jobTemplate", "spec", "template", "spec");
    assert.equal(path(pod, "containers", 0, "image"), IMAGE);
    assert.equal(path(pod, "hostNetwork"), false);
    assert.equal(path(job, "metadata", "namespace"), "hms-prod-registry");
  });
});
