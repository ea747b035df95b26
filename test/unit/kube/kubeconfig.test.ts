import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeUnreachableError } from "../../../platform/kube/errors";
import { loadKubeconfig } from "../../../platform/kube/kubeconfig";

const CONFIG = `
apiVersion: v1
current-context: one
clusters:
- { name: c1, cluster: { server: "https://one:6443/", certificate-authority: pki/ca.crt } }
- { name: c2, cluster: { server: "https://two", insecure-skip-tls-verify: true } }
contexts:
- { name: one, context: { cluster: c1, user: u1, namespace: shop } }
- { name: two, context: { cluster: c2, user: u2 } }
- { name: lost, context: { cluster: nowhere, user: u1 } }
users:
- { name: u1, user: { client-certificate: u1.crt, client-key: /abs/u1.key } }
- { name: u2, user: { exec: { command: aws, args: [eks, get-token] } } }
`;

describe("kubeconfig", () => {
  const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  const file = join(folder, "config");
  const other = join(folder, "other");
  before(() => {
    writeFileSync(file, CONFIG);
    writeFileSync(
      other,
      CONFIG.replace("current-context: one", "current-context: two").replace("https://two", "https://shadowed"),
    );
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("takes the current context, and resolves files beside the kubeconfig", () => {
    assert.deepEqual(loadKubeconfig({ kubeconfig: file }), {
      context: "one",
      namespace: "shop",
      cluster: { server: "https://one:6443/", "certificate-authority": join(folder, "pki/ca.crt") },
      user: { "client-certificate": join(folder, "u1.crt"), "client-key": "/abs/u1.key" },
    });
  });

  it("takes a named context, from content too", () => {
    const two = loadKubeconfig({ kubeconfig: CONFIG, context: "two" });
    assert.equal(two.cluster.server, "https://two");
    assert.deepEqual(two.user.exec, { command: "aws", args: ["eks", "get-token"] });
  });

  it("lets the first file of KUBECONFIG win and skips absent ones", () => {
    const env = { KUBECONFIG: [join(folder, "absent"), file, other].join(":") };
    assert.equal(loadKubeconfig({}, env).context, "one");
    assert.equal(loadKubeconfig({ context: "two" }, env).cluster.server, "https://two");
  });

  const refused: readonly (readonly [string, Parameters<typeof loadKubeconfig>[0], NodeJS.ProcessEnv, RegExp])[] = [
    [
      "a path that is not there",
      { kubeconfig: "/nonesuch/config" },
      {},
      /kubeconfig \/nonesuch\/config does not exist/,
    ],
    [
      "an unknown context, naming the known",
      { kubeconfig: CONFIG, context: "x" },
      {},
      /no context "x"; it has: one, two, lost/,
    ],
    ["a context without its cluster", { kubeconfig: CONFIG, context: "lost" }, {}, /no cluster "nowhere"/],
    ["KUBECONFIG without a file", {}, { KUBECONFIG: "/nonesuch/a" }, /KUBECONFIG names \/nonesuch\/a/],
    [
      "text that is not YAML, without repeating it",
      { kubeconfig: "token: {s3cret\n: [" },
      {},
      /^the kubeconfig is not valid YAML$/,
    ],
  ];
  for (const [name, options, env, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => loadKubeconfig(options, env),
        (error: unknown) => error instanceof KubeUnreachableError && message.test(error.message),
      );
    });
  }
});
