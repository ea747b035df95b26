import assert from "node:assert/strict";
import { containsSecret, isSecret, reveal, secret, UNKNOWN } from "../../../platform/rpc";
import {
  isForced,
  manifestOf,
  previewOutputs,
  skipsAwait,
  timeoutOf,
} from "../../../platform/plugins/kubernetes/manifest";
import { guarded, keepSecret, redactor, withStringData } from "../../../platform/plugins/kubernetes/secrets";

const SECRET = { apiVersion: "v1", kind: "Secret" };
const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" };

describe("secrets of the Kubernetes stand-in", () => {
  it("are the values of every Secret, marked or not", () => {
    const outputs = guarded({ ...SECRET, data: { a: "eA==" }, stringData: { b: secret("y") }, type: "Opaque" }, SECRET);
    assert.ok(isSecret(outputs.data) && isSecret(outputs.stringData));
    assert.equal(outputs.type, "Opaque");
    assert.ok(!containsSecret(guarded({ data: { a: "1" } }, { apiVersion: "v1", kind: "ConfigMap" })));
    assert.equal(guarded({ data: UNKNOWN }, SECRET).data, UNKNOWN);
  });

  it("stay secret in the outputs of any kind", () => {
    const outputs = keepSecret(
      { spec: { password: "hunter22", size: 1 } },
      { spec: { password: secret("hunter22") } },
      DEPLOYMENT,
    );
    assert.deepEqual(outputs, { spec: { password: secret("hunter22"), size: 1 } });
  });

  it("do not appear in messages, plain or encoded; short ones would garble them", () => {
    const redact = redactor({ a: secret({ b: "hunter22" }), c: "public-value", d: secret("ab") });
    const encoded = Buffer.from("hunter22").toString("base64");
    assert.equal(redact(`hunter22 ${encoded} public-value ab`), "[secret] [secret] public-value ab");
  });

  it("can be compared where the server only keeps the encoded form", () => {
    const live = { ...SECRET, data: { a: Buffer.from("x").toString("base64"), b: "eA==" } };
    assert.deepEqual(withStringData(live, { stringData: { a: "y" } }, SECRET).stringData, { a: "x" });
    assert.equal(withStringData(live, {}, SECRET), live);
  });
});

describe("manifests of the Kubernetes stand-in", () => {
  const annotated = (annotations: Record<string, string>) => ({ ...DEPLOYMENT, metadata: { name: "a", annotations } });

  it("are plain and hold only what is known", () => {
    const manifest = manifestOf({
      ...DEPLOYMENT,
      metadata: { name: "a", labels: { x: UNKNOWN } },
      spec: secret({ a: 1 }),
    });
    assert.deepEqual(manifest, { ...DEPLOYMENT, metadata: { name: "a", labels: {} }, spec: { a: 1 } });
    assert.throws(() => manifestOf({ kind: "X" }), /needs apiVersion, kind and metadata/);
  });

  it("are controlled by the published annotations", () => {
    assert.ok(skipsAwait(annotated({ "pulumi.com/skipAwait": "true" })));
    assert.ok(!skipsAwait(annotated({ "pulumi.com/skipAwait": "false" })));
    assert.ok(isForced(annotated({ "pulumi.com/patchForce": "true" }), {}));
    assert.ok(!isForced(annotated({}), {}));
    assert.equal(timeoutOf(annotated({ "pulumi.com/timeoutSeconds": "30" }), undefined, 600), 30);
    assert.equal(timeoutOf(annotated({ "pulumi.com/timeoutSeconds": "30" }), 5, 600), 5);
    assert.equal(timeoutOf(annotated({ "pulumi.com/timeoutSeconds": "soon" }), undefined, 600), 600);
  });

  it("leave to a preview's readers what only the server decides", () => {
    const service = reveal(previewOutputs({ kind: "Service", metadata: { name: "a" }, spec: { ports: [] } }));
    assert.deepEqual(service.spec, { clusterIP: UNKNOWN, clusterIPs: UNKNOWN, ports: [] });
    assert.equal(service.status, UNKNOWN);
  });
});
