import assert from "node:assert/strict";
import { KubeProject } from "./support/kubeProject";

const PLANTED = "planted-3f9c1d7e5b";

const KINDS = `
  const config = new kubernetes.core.v1.ConfigMap("settings", { metadata: { namespace }, data: { color: process.env.SHADE ?? "red" } });
  const fixed = new kubernetes.core.v1.ConfigMap("fixed", { metadata: { namespace, name: "fixed", labels: { tier: "web" } }, data: { a: "1" } });
  const secret = new kubernetes.core.v1.Secret("secret", { metadata: { namespace, name: "secret" }, stringData: { key: "${PLANTED}" } });
  const other = new kubernetes.core.v1.Secret("other", { metadata: { namespace, name: "other" },
    data: { key: pulumi.secret(Buffer.from("${PLANTED}").toString("base64")) } });
  const account = new kubernetes.core.v1.ServiceAccount("account", { metadata: { namespace } });
  const role = new kubernetes.rbac.v1.Role("role", { metadata: { namespace }, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] });
  const binding = new kubernetes.rbac.v1.RoleBinding("binding", { metadata: { namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
    subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }] });
  const app = web("web", { env: [{ name: "COLOR", value: process.env.SHADE ?? "red" }, { name: "CONFIG", value: config.metadata.name }] });
  const service = new kubernetes.core.v1.Service("web", { metadata: { namespace, name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8181 }] } });
  const budget = new kubernetes.policy.v1.PodDisruptionBudget("budget", { metadata: { namespace }, spec: { minAvailable: 0, selector: { matchLabels: { app: "web" } } } });
  module.exports = { config: config.metadata.name, ip: service.spec.clusterIP, uid: fixed.metadata.uid, ready: app.status.readyReplicas,
    account: account.metadata.name };
`;

describe("the Kubernetes stand-in, under the engine", function () {
  this.timeout(300_000);
  const project = new KubeProject();

  before(() => project.prepare());
  after(() => project.cleanUp());

  it("previews without touching the cluster", async () => {
    project.program(KINDS);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /11 to create/);
    assert.equal(await project.get("v1", "ConfigMap", "fixed"), undefined);
  });

  it("makes common kinds, waits for them, and names those without a name", async () => {
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const outputs = await project.outputs();
    assert.match(String(outputs.config), /^settings-[0-9a-f]{8}$/);
    assert.match(String(outputs.ip), /^10\./);
    assert.equal(outputs.ready, 1);
    assert.equal(
      (await project.get("v1", "ConfigMap", String(outputs.config)))?.metadata.annotations?.["pulumi.com/autonamed"],
      "true",
    );
  });

  it("changes nothing the second time, nor after a refresh", async () => {
    for (const args of [
      ["up", "--yes", "--expect-no-changes"],
      ["refresh", "--yes", "--expect-no-changes"],
      ["preview", "--expect-no-changes"],
    ]) {
      const run = await project.pulumi(...args, "--stack", "test");
      assert.equal(run.code, 0, run.text);
    }
  });

  it("keeps the values of Secrets out of the state file and of the display", async () => {
    const encoded = Buffer.from(PLANTED).toString("base64");
    const shown = await project.pulumi("preview", "--diff", "--refresh", "--stack", "test");
    for (const planted of [PLANTED, encoded]) {
      assert.ok(!project.stateText().includes(planted));
      assert.ok(!shown.text.includes(planted));
    }
  });

  it("shows an update by its paths and replaces a generated ConfigMap beside the old one", async () => {
    project.env.SHADE = "blue";
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(preview.text, /~ value\s*: "red" => "blue"/);
    assert.match(preview.text, /ConfigMap: \(replace\)/);
    const before = String((await project.outputs()).config);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const after = String((await project.outputs()).config);
    assert.notEqual(after, before);
    assert.equal(await project.get("v1", "ConfigMap", before), undefined);
  });

  it("sees drift of what it manages on refresh, and repairs it", async () => {
    project.kubectl("label", "configmap", "fixed", "tier=db", "--overwrite");
    project.kubectl("delete", "configmap", "fixed");
    project.kubectl("delete", "poddisruptionbudgets", "--all");
    const preview = await project.pulumi("preview", "--refresh", "--stack", "test");
    assert.match(preview.text, /2 to create/, preview.text);
    const up = await project.up("--refresh");
    assert.equal(up.code, 0, up.text);
    assert.equal((await project.get("v1", "ConfigMap", "fixed"))?.metadata.labels?.tier, "web");
  });

  it("names the owner of a field that somebody else took, and takes it back when told to", async () => {
    project.kubectl("label", "configmap", "fixed", "tier=db", "--overwrite");
    const drift = await project.pulumi("preview", "--refresh", "--diff", "--stack", "test");
    assert.match(drift.text, /~ tier\s*: "db" => "web"/, drift.text);
    const refused = await project.up("--refresh");
    assert.equal(refused.code, 1, refused.text);
    assert.match(refused.text, /conflict with "kubectl-label".*\.metadata\.labels\.tier.*pulumi\.com\/patchForce/s);
    project.env.PULUMI_K8S_ENABLE_PATCH_FORCE = "true";
    const forced = await project.up("--refresh");
    delete project.env.PULUMI_K8S_ENABLE_PATCH_FORCE;
    assert.equal(forced.code, 0, forced.text);
    assert.equal((await project.get("v1", "ConfigMap", "fixed"))?.metadata.labels?.tier, "web");
  });

  it("leaves alone what others add: annotations, replicas that it does not set", async () => {
    project.kubectl("annotate", "deployment", "web", "example.com/note=hello");
    const preview = await project.pulumi("preview", "--refresh", "--expect-no-changes", "--stack", "test");
    assert.match(preview.text, /11 unchanged|unchanged/, preview.text);
    assert.doesNotMatch(preview.text, /to update|to create/);
  });

  it("destroys all it made", async () => {
    const destroy = await project.pulumi("destroy", "--yes", "--stack", "test");
    assert.equal(destroy.code, 0, destroy.text);
    assert.equal(await project.get("v1", "Service", "web"), undefined);
    assert.equal(await project.get("apps/v1", "Deployment", "web"), undefined);
  });
});
