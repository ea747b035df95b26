import { strict as assert } from "node:assert";
import { eksContext, eksKubeconfig, execCredential } from "../../../core/account/kubeconfig";
import { loadKubeconfig } from "../../../platform/kube/kubeconfig";

describe("the kubeconfig of an account's EKS cluster", () => {
  const cluster = { name: "policies", endpoint: "https://eks.example.gov", certificateAuthority: "UEVN" };
  const context = eksContext("usda", "policies");

  it("leads to what EKS says, by a command where it is to last", () => {
    const args = ["account", "token", "--stack", "prod", "--account", "usda"];
    assert.deepEqual(loadKubeconfig({ kubeconfig: eksKubeconfig(context, cluster, { command: "bin/hms", args }) }), {
      context: "usda/policies",
      cluster: { server: "https://eks.example.gov", "certificate-authority-data": "UEVN" },
      user: {
        exec: {
          ...{ apiVersion: "client.authentication.k8s.io/v1", command: "bin/hms", args, interactiveMode: "Never" },
        },
      },
    });
  });

  it("has the token in it where it is used at once", () => {
    const { user } = loadKubeconfig({
      kubeconfig: eksKubeconfig(context, cluster, { token: "k8s-aws-v1.abc" }),
      context,
    });
    assert.deepEqual(user, { token: "k8s-aws-v1.abc" });
  });

  it("gets the next token before the cluster stops believing the last", () => {
    const { status, kind } = execCredential("k8s-aws-v1.abc", new Date("2026-01-01T00:00:00Z"));
    assert.deepEqual(
      [kind, status.token, status.expirationTimestamp],
      [...["ExecCredential", "k8s-aws-v1.abc", "2026-01-01T00:14:00.000Z"]],
    );
  });
});
