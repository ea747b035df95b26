import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { request as httpsRequest } from "node:https";
import type { Server } from "node:https";
import { trustedKeys } from "../../core/attest/keys";
import { judgeCertificate } from "../../core/tls/certificate";
import { selfSigned } from "../../platform/servingCertificate";
import { AdmissionJudge } from "../../provider/admission/judge";
import { admissionWebhook } from "../../provider/admission/webhook";
import { sign } from "../../provider/attest/sign";
import { newImageKey } from "../support/imageKey";
import { TestRegistry } from "../support/registry";

describe("the admission webhook, as the API server asks it, with a real registry", function () {
  this.timeout(60_000);
  const registry = new TestRegistry();
  const [ours, theirs] = [newImageKey(), newImageKey()];
  const host = "hms-admission.test.svc";
  let server: Server;
  let certificate = "";
  const ask = (path: string, body: string): Promise<{ readonly status: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const to = { host: "127.0.0.1", port, path, method: "POST", ca: certificate, servername: host, agent: false };
      const asked = httpsRequest(to, (answer) => {
        let text = "";
        answer.on("data", (part: Buffer) => (text += part.toString()));
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, text });
        });
      });
      asked.on("error", reject);
      asked.end(body);
    });
  const review = async (image: string) => {
    const object = { spec: { containers: [{ name: "web", image }] } };
    const { text } = await ask(
      "/validate",
      JSON.stringify({
        ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
        request: { uid: "u-1", kind: { kind: "Pod" }, operation: "CREATE", namespace: "prod", object },
      }),
    );
    const { response } = JSON.parse(text) as {
      response: { uid: string; allowed: boolean; status?: { message: string } };
    };
    assert.equal(response.uid, "u-1");
    return response.allowed ? "allowed" : (response.status?.message ?? "");
  };

  before(async () => {
    await registry.start();
    const pair = await selfSigned(host);
    assert.equal(judgeCertificate(pair, { hosts: [host] }, new Date()).state, "valid");
    ({ certificate } = pair);
    const judge = new AdmissionJudge({ keys: trustedKeys([ours.pem]), own: [] });
    server = admissionWebhook({ judge, ...pair, log: () => undefined });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    registry.stop();
    server.close();
    server.closeAllConnections();
  });

  it("allows what a listed key signed, and says of everything else what is wrong with it", async () => {
    const signed = await registry.push("web", "signed");
    await sign(signed, ours.signer);
    assert.equal(await review(signed), "allowed");
    const other = await registry.push("web", "other");
    await sign(other, theirs.signer);
    assert.match(await review(other), /is signed by another key/);
    assert.match(await review(await registry.push("web", "unsigned")), /is unsigned/);
    assert.match(await review(`${registry.host}/web:signed`), /is named by a tag/);
    assert.match(await review("127.0.0.1:1/web@sha256:" + "0".repeat(64)), /could not be verified, so it does not run/);
    assert.match(await review("what is this"), /is no image/);
  });

  it("answers nothing else: no review, no other path", async () => {
    assert.equal((await ask("/validate", "{}")).status, 400);
    assert.equal((await ask("/validate", "x".repeat(4_000_000)).catch(() => ({ status: 400 }))).status, 400);
    assert.equal((await ask("/elsewhere", "{}")).status, 404);
    assert.equal((await ask("/healthz", "")).status, 200);
  });
});
