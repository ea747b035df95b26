import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signaturesTag } from "../../core/attest/digest";
import { trustedKeys } from "../../core/attest/keys";
import { sign } from "../../provider/attest/sign";
import { verify } from "../../provider/attest/verify";
import type { CreateRequest } from "../../platform/rpc";
import { verification } from "../../provider/resources/verification";
import { Session } from "../../provider/session";
import { newImageKey } from "../support/imageKey";
import { copyBeside } from "../support/copyBeside";
import { GATEWAY, kubectl } from "../support/cluster";
import { TestProject } from "../support/project";
import { pushSmallImage } from "../support/registry";

const REGISTRY = "127.0.0.1:5000";
const REPOSITORY = "hms-test/signing";
const copySignatures = (from: string, to: string) => copyBeside(from, to, signaturesTag);

describe("a stack whose images are signed", function () {
  this.timeout(600_000);
  const project = new TestProject("signing");
  const [ours, theirs] = [newImageKey(), newImageKey()];
  const signer = path.join(project.folder, "signer.pem");
  const live = async () => {
    const [service] = (await project.status()).services;
    return { color: service?.live, image: service?.colors.blue?.image };
  };

  const podOf = (image: string, env: readonly object[] = [], namespace = project.namespace) => ({
    ...{
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "hms-signing-test", namespace },
    },
    spec: { containers: [{ name: "web", image, env }] },
  });
  /** What the API server says to an object that it is asked to look at and not to keep. */
  const asked = (object: object): string => {
    const create = ["--context", "hms-local", "create", "--dry-run=server", "-f", "-"];
    const { stdout, stderr } = spawnSync("kubectl", create, {
      input: JSON.stringify(object),
      encoding: "utf8",
    });
    return `${stdout}${stderr}`;
  };
  const push = (tag: string) => pushSmallImage(REGISTRY, REPOSITORY, tag);
  const signedImage = async () => {
    const image = await push("signed");
    await sign(image, ours.signer);
    return image;
  };

  before(async () => {
    writeFileSync(signer, ours.privatePem, { mode: 0o600 });
    writeFileSync(path.join(project.folder, "ours.pem"), ours.pem);
    writeFileSync(path.join(project.folder, "theirs.pem"), theirs.pem);
    project.configure(
      (config) =>
        (config["hms:signing"] = {
          keys: ["ours.pem"],
          signer: { file: signer },
          admission: true,
        }),
    );
    await project.init();
  });
  after(() => {
    kubectl("delete", "validatingwebhookconfiguration", `hms-admission-${project.namespace}`, "--ignore-not-found");
    kubectl("delete", "namespace", `${project.namespace}-admission`, "--ignore-not-found", "--wait=false");
    project.remove();
  });

  it("signs what it builds, verifies it, and deploys it; the private key is in no state", async () => {
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const { color, image } = await live();
    assert.equal(color, "blue");
    const verdict = await verify(image ?? "", trustedKeys([ours.pem]));
    assert.equal(verdict.ok ? "" : verdict.message, "");
    assert.doesNotMatch(project.state(), /PRIVATE KEY/);
  });

  it("is guarded by its cluster, which lets signed images run, and refuses unsigned, tampered, foreign and re-tagged ones, each with its words", async () => {
    const signed = await signedImage();
    assert.match(asked(podOf(signed)), /created/);
    const unsigned = await push("unsigned");
    assert.match(asked(podOf(unsigned)), /denied the request: .* is unsigned: no signature lies beside it/);
    const foreign = await push("foreign");
    await sign(foreign, theirs.signer);
    assert.match(asked(podOf(foreign)), /denied the request: .* is signed by another key/);
    const tampered = await push("tampered");
    await copySignatures(signed, tampered);
    assert.match(asked(podOf(tampered)), /denied the request: .* was tampered with: the signature beside it is for/);
    const tagged = `${REGISTRY}/${REPOSITORY}:signed`;
    assert.match(asked(podOf(tagged)), /denied the request: .* is named by a tag/);
    const deployment = {
      ...{
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web", namespace: project.namespace },
      },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: podOf(unsigned).spec,
        },
      },
    };
    assert.match(asked(deployment), /denied the request: .* is unsigned/);
    assert.match(asked(podOf(unsigned, [], "default")), /created/, "other namespaces are not its business");
  });

  it("has no pod with a secret in plain text, and the refusal does not show it", async () => {
    const signed = await signedImage();
    const said = asked(podOf(signed, [{ name: "DB_PASSWORD", value: "hunter2" }]));
    assert.match(said, /denied the request: .*DB_PASSWORD of container web is in plain text/);
    assert.doesNotMatch(said, /hunter2/);
  });

  it("lets nothing start while its guard is away, and the guard itself start again", async () => {
    const signed = await signedImage();
    const own = ["-n", `${project.namespace}-admission`];
    kubectl(...own, "scale", "deployment", "hms-admission", "--replicas=0");
    kubectl(...own, "wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=hms-admission", "--timeout=180s");
    assert.match(asked(podOf(signed)), /failed calling webhook/);
    kubectl("-n", project.namespace, "annotate", "deployment", "drought-benefit-blue", "hms-test=1");
    kubectl(...own, "scale", "deployment", "hms-admission", "--replicas=1");
    kubectl(...own, "rollout", "status", "deployment/hms-admission", "--timeout=180s");
    const end = Date.now() + 60_000;
    while (!/created/.test(asked(podOf(signed)))) {
      if (Date.now() > end) assert.fail(asked(podOf(signed)));
      await sleep(250);
    }
  });

  it("moves nothing to an image that no listed key has signed", async () => {
    project.newPolicy("2026.2");
    project.configure(
      (config) =>
        (config["hms:signing"] = {
          keys: ["theirs.pem"],
          signer: { file: signer },
          admission: true,
        }),
    );
    const { code, output } = await project.up();
    assert.equal(code, 1, output);
    assert.match(output, /is signed by another key [0-9a-f, ]+ and hms:signing lists [0-9a-f]{12}/);
    const [service] = (await project.status()).services;
    assert.deepEqual([service?.live, service?.colors.green, service?.held], ["blue", null, []]);
  });

  it("moves nothing to a color whose image no listed key has signed, whoever put it there", async () => {
    const [service] = (await project.status()).services;
    const session = new Session("hms-local");
    const quiet = new Proxy({}, { get: () => Boolean }) as CreateRequest["log"];
    const signed = { keys: [theirs.pem], local: false, attestations: [] };
    const inputs = {
      ...{ service: "drought-benefit", namespace: project.namespace, color: "blue", tag: "blue" },
      ...{ release: service?.colors.blue?.release ?? "", host: project.host, gatewayAddress: GATEWAY.address },
      ...{ healthPath: "/health", smoke: [{ name: "health", request: { path: "/health" } }], signed },
    };
    const request = {
      urn: "",
      type: "",
      name: "",
      inputs,
      preview: false,
      log: quiet,
      signal: new AbortController().signal,
    };
    await assert.rejects(
      async () => verification(session).create(request),
      /^Refusal: drought-benefit: .* is signed by another key .*No traffic was moved; blue is not held for it$/,
    );
  });
});
