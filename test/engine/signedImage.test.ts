import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { trustedKeys } from "../../core/attest/keys";
import { attest, sign } from "../../provider/attest/sign";
import { verify } from "../../provider/attest/verify";
import { signedImage } from "../../provider/resources/signedImage";
import type { CreateRequest, Properties } from "../../platform/rpc";
import { newImageKey } from "../support/imageKey";
import { TestRegistry } from "../support/registry";

describe("hms:image:SignedImage, with a real registry", function () {
  this.timeout(60_000);
  const registry = new TestRegistry();
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-signed-"));
  const key = newImageKey();
  const file = path.join(folder, "key.pem");
  const home = process.env.HMS_HOME;
  const handler = signedImage();
  const log = new Proxy({}, { get: () => () => undefined }) as CreateRequest["log"];
  const inputs = (image: string, more: Properties = {}): Properties => ({
    ...{ image, service: "benefit", built: true, keys: [key.pem], local: false, attestations: [] },
    ...more,
  });
  const make = async (given: Properties, preview = false) => {
    const made = await handler.create({
      ...{ urn: "", type: "", name: "benefit", inputs: given, preview },
      ...{ log, signal: new AbortController().signal },
    });
    return made.outputs as Properties;
  };

  before(async () => {
    writeFileSync(file, key.privatePem);
    await registry.start();
  });
  after(() => {
    registry.stop();
    rmSync(folder, { recursive: true, force: true });
    if (home === undefined) delete process.env.HMS_HOME;
    else process.env.HMS_HOME = home;
  });

  it("signs what was built here, and says by which key; the private key is in no output", async () => {
    const image = await registry.push("benefit", "built");
    const outputs = await make(inputs(image, { signer: { file } }));
    assert.equal(outputs.image, image);
    assert.equal(outputs.key, key.signer.keyId);
    assert.equal((await verify(image, trustedKeys([key.pem]))).ok, true);
    assert.doesNotMatch(JSON.stringify(outputs), /PRIVATE/);
  });

  it("does not sign what somebody else built, and refuses it while it is unsigned, in a preview too", async () => {
    const image = await registry.push("benefit", "theirs");
    const given = inputs(image, { signer: { file }, built: false });
    for (const preview of [true, false])
      await assert.rejects(make(given, preview), /^Refusal: benefit: .* is unsigned: .*Nothing was changed for it$/);
    await sign(image, key.signer);
    assert.equal((await make(given)).key, key.signer.keyId);
  });

  it("refuses what its own signer signed when that key is not listed", async () => {
    const image = await registry.push("benefit", "unlisted");
    const given = inputs(image, { signer: { file }, keys: [newImageKey().pem] });
    await assert.rejects(make(given), /is signed by another key/);
  });

  it("asks for what must have been said of the image", async () => {
    const image = await registry.push("benefit", "said");
    const given = inputs(image, { signer: { file }, attestations: ["scan"] });
    await assert.rejects(make(given), /no attestation "scan"/);
    await attest(image, { name: "scan", predicate: { verdict: "fail" } }, key.signer);
    await assert.rejects(make(given), /a scan verdict "fail", and only "pass" is let through/);
    await attest(image, { name: "scan", predicate: { verdict: "pass" } }, key.signer);
    assert.equal((await make(given)).key, key.signer.keyId);
  });

  it("makes the key of this machine once, where that is what signs", async () => {
    process.env.HMS_HOME = folder;
    const local = (image: string) => inputs(image, { keys: [], local: true });
    const first = await make(local(await registry.push("benefit", "local-1")));
    const second = await make(local(await registry.push("benefit", "local-2")));
    assert.equal(first.key, second.key);
  });

  it("says which key of the configuration cannot sign", async () => {
    const image = await registry.push("benefit", "keyless");
    await assert.rejects(
      make(inputs(image, { signer: { file: `${file}.none` } })),
      /\.none, which hms:signing names as signer/,
    );
  });

  it("is read as it is: previews do not ask the registry", async () => {
    const known = inputs("127.0.0.1:1/benefit@sha256:0");
    const request = {
      urn: "",
      type: "",
      name: "",
      id: "benefit",
      inputs: known,
      olds: known,
      log,
      signal: AbortSignal.abort(),
    };
    assert.deepEqual((await handler.read(request))?.outputs, known);
  });
});
