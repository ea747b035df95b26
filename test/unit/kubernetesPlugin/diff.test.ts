import assert from "node:assert/strict";
import { UNKNOWN, type Properties } from "../../../platform/rpc";
import {
  changesBetween,
  changesOfMentioned,
  diffResult,
  join,
  valueAt,
  type DiffParts,
} from "../../../platform/plugins/kubernetes/diff";
import { forcesReplacement } from "../../../platform/plugins/kubernetes/immutable";
import { named } from "../../../platform/plugins/kubernetes/naming";
import { parseSettings } from "../../../platform/plugins/kubernetes/settings";
import { metadataOf, objectTypeIn, objectTypeOf } from "../../../platform/plugins/kubernetes/tokens";

const nameIn = (inputs: Properties): string => JSON.stringify(metadataOf(inputs).name).replaceAll('"', "");

const parts = (more: Partial<DiffParts>): DiffParts => ({
  changes: [],
  replaces: () => false,
  inInputs: () => true,
  ignoreChanges: [],
  sameAddress: false,
  ...more,
});

describe("diff of the Kubernetes stand-in", () => {
  const table: readonly (readonly [string, Properties, Properties, readonly string[]])[] = [
    ["nothing", { a: { b: [1] } }, { a: { b: [1] } }, []],
    ["a nested update", { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, ["update spec.replicas"]],
    ["an item", { c: [{ image: "a" }] }, { c: [{ image: "b" }] }, ["update c[0].image"]],
    ["a longer list", { c: ["a"] }, { c: ["a", "b"] }, ["add c[1]"]],
    ["a shorter list", { c: ["a", "b"] }, { c: ["a"] }, ["delete c[1]"]],
    ["a dotted name", { l: {} }, { l: { "a.b/c": "1" } }, ['add l["a.b/c"]']],
    ["a value not known yet", { a: "1" }, { a: UNKNOWN }, ["update a"]],
    ["null as absence", { a: null }, {}, []],
  ];
  for (const [name, olds, news, expected] of table) {
    it(`finds ${name}`, () => {
      assert.deepEqual(
        changesBetween(olds, news).map(({ path, kind }) => `${kind} ${path}`),
        expected,
      );
    });
  }

  it("does not count what an import does not mention", () => {
    assert.deepEqual(changesOfMentioned({ a: 1, b: 2 }, { a: 1 }), []);
    assert.deepEqual(changesOfMentioned({ a: 1, b: 2 }, { a: 3 }), [{ path: "a", kind: "update" }]);
  });

  it("finds values again by their paths", () => {
    const root = { m: { "a.b/c": [{ x: 1 }] } };
    assert.equal(valueAt(root, `${join("m", "a.b/c")}[0].x`), 1);
    assert.equal(valueAt(root, "m.none[3].x"), undefined);
  });

  it("replaces, first deleting when the address stays", () => {
    const replaces = forcesReplacement(
      { apiVersion: "apps/v1", kind: "Deployment" },
      {},
      { configMaps: false, secrets: false },
    );
    const changes = [
      { path: "spec.selector.matchLabels.app", kind: "update" },
      { path: "spec.replicas", kind: "update" },
    ] as const;
    const result = diffResult(parts({ changes, replaces, sameAddress: true }));
    assert.equal(result.deleteBeforeReplace, true);
    assert.deepEqual(result.replaces, ["spec.selector.matchLabels.app"]);
    assert.equal(result.detailed?.["spec.replicas"]?.kind, "update");
  });

  it("leaves out what is to be ignored", () => {
    const changes = [{ path: "spec.replicas", kind: "update" }] as const;
    assert.equal(diffResult(parts({ changes, ignoreChanges: ["spec.replicas"] })).changes, false);
  });

  const config = { apiVersion: "v1", kind: "ConfigMap" };
  const immutable: readonly (readonly [
    string,
    { apiVersion: string; kind: string },
    Properties,
    boolean,
    string,
    boolean,
  ])[] = [
    ["a ConfigMap's data", config, {}, false, "data.a", true],
    ["a mutable ConfigMap's data", config, {}, true, "data.a", false],
    ["data of one that says it is immutable", config, { immutable: true }, true, "data.a", true],
    ["a Secret's data", { apiVersion: "v1", kind: "Secret" }, {}, false, "stringData.a", true],
    ["a Secret's type", { apiVersion: "v1", kind: "Secret" }, {}, true, "type", true],
    ["a name", { apiVersion: "example.com/v1", kind: "Widget" }, {}, true, "metadata.name", true],
    ["a label", { apiVersion: "example.com/v1", kind: "Widget" }, {}, true, "metadata.labels.name", false],
    [
      "a Job's template",
      { apiVersion: "batch/v1", kind: "Job" },
      {},
      true,
      "spec.template.spec.containers[0].image",
      true,
    ],
    ["a pod's image", { apiVersion: "v1", kind: "Pod" }, {}, true, "spec.containers[0].image", true],
    ["a pod's tolerations", { apiVersion: "v1", kind: "Pod" }, {}, true, "spec.tolerations[0].key", false],
    [
      "a claim's size",
      { apiVersion: "v1", kind: "PersistentVolumeClaim" },
      {},
      true,
      "spec.resources.requests.storage",
      false,
    ],
  ];
  for (const [name, type, inputs, mutable, path, expected] of immutable) {
    it(`${expected ? "replaces for" : "changes in place"} ${name}`, () => {
      assert.equal(forcesReplacement(type, inputs, { configMaps: mutable, secrets: mutable })(path), expected);
    });
  }
});

describe("names and types of the Kubernetes stand-in", () => {
  it("generates a name, the same for the same seed, and keeps it", () => {
    const seed = new Uint8Array([1, 2, 3]);
    const first = named({}, {}, "web", seed);
    assert.match(nameIn(first), /^web-[0-9a-f]{8}$/);
    assert.deepEqual(named({}, {}, "web", seed), first);
    assert.deepEqual(named({ metadata: { labels: { a: "b" } } }, first, "web", undefined).metadata, {
      ...(first.metadata as Properties),
      labels: { a: "b" },
    });
  });

  it("keeps a given name, and does not adopt one that was given before", () => {
    const given = { metadata: { name: "web" } };
    assert.equal(named(given, {}, "x", undefined), given);
    assert.match(nameIn(named({}, given, "x", undefined)), /^x-/);
  });

  it("knows the object behind a token", () => {
    assert.deepEqual(objectTypeOf("kubernetes:core/v1:Service"), { apiVersion: "v1", kind: "Service" });
    assert.deepEqual(objectTypeOf("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"), {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
    });
    for (const token of [
      "kubernetes:core/v1:ServiceList",
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:yaml:ConfigFile",
      "aws:s3:Bucket",
    ]) {
      assert.throws(() => objectTypeOf(token), new RegExp(token));
    }
    assert.throws(() => objectTypeIn("kubernetes:core/v1:ServicePatch", { kind: "Service" }), /Patch kinds/);
  });

  it("reads provider options as the engine sends them, from the environment where they are absent", () => {
    const settings = parseSettings(
      { enableConfigMapMutable: "true", enableServerSideApply: false, kubeconfig: { a: 1 }, namespace: "" },
      { PULUMI_K8S_ENABLE_SECRET_MUTABLE: "true" },
    );
    assert.deepEqual(settings.mutable, { configMaps: true, secrets: true });
    assert.equal(settings.serverSideApply, false);
    assert.equal(settings.kubeconfig, '{"a":1}');
    assert.equal(settings.namespace, undefined);
    assert.throws(() => parseSettings({ renderYamlToDirectory: "out" }, {}), /renderYamlToDirectory/);
    assert.equal(parseSettings({ kubeconfig: UNKNOWN }, {}).clusterUnknown, true);
  });
});
