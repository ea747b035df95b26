import assert from "node:assert/strict";
import { KubeProject } from "./support/kubeProject";

describe("changes, in the Kubernetes stand-in", function () {
  this.timeout(300_000);
  const project = new KubeProject();
  const group = `${project.namespace}.example.com`;

  before(() => project.prepare());
  after(async () => {
    await project.cleanUp();
    await project.kube.delete({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      name: `widgets.${group}`,
    });
  });

  const upWith = async (program: string, ...args: readonly string[]) => {
    project.program(program);
    const up = await project.up(...args);
    assert.equal(up.code, 0, up.text);
    return up.text;
  };

  it("makes a kind and an object of it in one program, after a preview that knows neither", async () => {
    const program = `
      const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } };
      const kind = new kubernetes.apiextensions.v1.CustomResourceDefinition("widgets", { metadata: { name: "widgets.${group}" }, spec: {
        group: "${group}", scope: "Namespaced", names: { plural: "widgets", singular: "widget", kind: "Widget" },
        versions: [{ name: "v1", served: true, storage: true, schema }] } });
      new kubernetes.apiextensions.CustomResource("w", { apiVersion: "${group}/v1", kind: "Widget", metadata: { namespace, name: "w" }, spec: { size: Number(process.env.SIZE ?? 1) } }, { dependsOn: kind });`;
    project.program(program);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    await upWith(program);
    project.env.SIZE = "2";
    const diff = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(diff.text, /~ size: 1 => 2/);
    await upWith(program);
    const widget = await project.get(`${group}/v1`, "Widget", "w");
    assert.deepEqual(widget?.spec, { size: 2 });
    await upWith(program, "--refresh", "--expect-no-changes");
    project.program("");
    const down = await project.up();
    assert.equal(down.code, 0, down.text);
  });

  it("previews with values that are not known yet", async () => {
    const program = `
      const service = new kubernetes.core.v1.Service("s", { metadata: { namespace }, spec: { ports: [{ port: 80 }] } });
      const map = new kubernetes.core.v1.ConfigMap("m", { metadata: { namespace, name: "known", annotations: { ip: service.spec.clusterIP } },
        data: { ip: service.spec.clusterIP, uid: service.metadata.uid.apply((uid) => "u-" + uid), state: pulumi.jsonStringify(service.status) } });
      module.exports = { ip: map.data.ip };`;
    project.program(program);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    await upWith(program);
    assert.match(String((await project.outputs()).ip), /^10\./);
    await upWith(program, "--expect-no-changes");
  });

  it("shows in the preview what the API server would refuse", async () => {
    project.program(`web("Bad_Name", { image: "", ports: [{ containerPort: 99999 }] });`);
    const invalid = await project.pulumi("preview", "--stack", "test");
    assert.equal(invalid.code, 1);
    assert.match(
      invalid.text,
      /Deployment \S+Bad_Name: .*is invalid.*metadata\.name.*containerPort: Invalid value: 99999/s,
    );
    project.program(
      `new kubernetes.core.v1.Service("typo", { metadata: { namespace }, spec: { ports: [{ port: 80 }], selectr: { app: "x" } } });`,
    );
    const typo = await project.pulumi("preview", "--stack", "test");
    assert.match(typo.text, /\.spec\.selectr: field not declared in schema/);
    project.program(
      `new kubernetes.core.v1.Secret("s", { metadata: { namespace }, data: { key: pulumi.secret("not-base64!") } });`,
    );
    const secret = await project.pulumi("preview", "--stack", "test");
    assert.equal(secret.code, 1);
    assert.ok(!secret.text.includes("not-base64!"));
  });

  it("refuses by name what it does not have", async () => {
    project.program(`new kubernetes.apps.v1.DeploymentPatch("p", { metadata: { namespace, name: "x" } });`);
    const patch = await project.pulumi("preview", "--stack", "test");
    assert.match(patch.text, /kubernetes:apps\/v1:DeploymentPatch is not supported by this stand-in.*Patch kinds/);
  });

  it("replaces what cannot change: deleting first where the name is given, beside the old one where it is generated", async () => {
    const service = (ip: string) =>
      `new kubernetes.core.v1.Service("s", { metadata: { namespace, name: "fixed" }, spec: { ports: [{ port: 80 }]${ip} } });`;
    await upWith(
      `${service("")} web("named"); new kubernetes.core.v1.ConfigMap("map", { metadata: { namespace, name: "one" }, data: { a: "1" } });`,
    );
    const uid = (await project.get("apps/v1", "Deployment", "named"))?.metadata.uid;
    const changed = `${service(', clusterIP: "None"')} web("named", {}, { app: "other" });
      new kubernetes.core.v1.ConfigMap("map", { metadata: { namespace, name: "two" }, data: { a: "1" } });`;
    project.program(changed);
    const preview = await project.pulumi("preview", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /3 to replace/);
    assert.match(await upWith(changed), /3 replaced/);
    assert.notEqual((await project.get("apps/v1", "Deployment", "named"))?.metadata.uid, uid);
    assert.equal(await project.get("v1", "ConfigMap", "one"), undefined);
  });

  it("changes a ConfigMap in place when the provider says that it may", async () => {
    const program = `
      const provider = new kubernetes.Provider("mutable", { enableConfigMapMutable: true, namespace });
      const map = new kubernetes.core.v1.ConfigMap("in-place", { data: { a: process.env.SIZE } }, { provider });
      module.exports = { uid: map.metadata.uid, namespace: map.metadata.namespace };`;
    await upWith(program);
    const { uid, namespace } = await project.outputs();
    assert.equal(namespace, project.namespace);
    project.env.SIZE = "3";
    await upWith(program);
    assert.equal((await project.outputs()).uid, uid);
  });

  it("imports an object that others made, changes nothing in it, and owns it from the next change on", async () => {
    project.kubectl("create", "deployment", "found", "--image=127.0.0.1:5000/hms/pause:1", "--replicas=1");
    project.kubectl("create", "configmap", "notes", "--from-literal=a=1");
    const program = (replicas: number) => `
      const provider = new kubernetes.Provider("mutable", { enableConfigMapMutable: true });
      new kubernetes.apps.v1.Deployment("found", { metadata: { namespace, name: "found", labels: { app: "found" } }, spec: {
        replicas: ${replicas}, selector: { matchLabels: { app: "found" } },
        template: { metadata: { labels: { app: "found" } }, spec: { containers: [{ name: "pause", image: "127.0.0.1:5000/hms/pause:1" }] } } } },
        { import: namespace + "/found" });
      new kubernetes.core.v1.ConfigMap("notes", { metadata: { namespace, name: "notes" }, data: { a: "${replicas}" } }, { provider, import: namespace + "/notes" });`;
    const generation = (await project.get("apps/v1", "Deployment", "found"))?.metadata.generation;
    const text = await upWith(program(1));
    assert.match(text, /2 imported/);
    assert.equal((await project.get("apps/v1", "Deployment", "found"))?.metadata.generation, generation);
    await upWith(
      program(1).replaceAll(/, import: [^}]*|\{ import: [^}]*/g, (all) => (all.startsWith("{") ? "{ " : " ")),
      "--expect-no-changes",
    );
    await upWith(
      program(2).replaceAll(/, import: [^}]*|\{ import: [^}]*/g, (all) => (all.startsWith("{") ? "{ " : " ")),
    );
    const found = await project.get("apps/v1", "Deployment", "found");
    assert.equal((found?.spec as { replicas: number }).replicas, 2);
  });

  it("reads an object by its id without owning it", async () => {
    await upWith(`module.exports = { phase: kubernetes.core.v1.Namespace.get("kube-system", "kube-system").status.phase,
      uid: kubernetes.core.v1.ConfigMap.get("notes", namespace + "/kube-root-ca.crt").metadata.uid };`);
    assert.equal((await project.outputs()).phase, "Active");
  });
});
