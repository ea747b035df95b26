import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { MEDIA_TYPE } from "../../core/attest/artifact";
import { attestationsTag, digestOf, signaturesTag } from "../../core/attest/digest";
import { trustedKeys } from "../../core/attest/keys";
import { RegistryUnreachable } from "../../platform/registry/transport";
import { namedImage } from "../../provider/attest/image";
import { readBeside } from "../../provider/attest/beside";
import { scansOf } from "../../provider/attest/scans";
import { attest, sign } from "../../provider/attest/sign";
import { verify, type Verdict } from "../../provider/attest/verify";
import { TestRegistry } from "../support/registry";
import { copyBeside } from "../support/copyBeside";
import { newImageKey as newKey } from "../support/imageKey";

describe("signatures and attestations beside an image, in a real registry", function () {
  this.timeout(60_000);
  const registry = new TestRegistry();
  const [ours, theirs] = [newKey(), newKey()];
  const keys = trustedKeys([ours.pem]);
  const faultOf = (verdict: Verdict) => (verdict.ok ? "none" : verdict.fault.kind);
  const digestIn = (image: string) => image.slice(image.indexOf("@") + 1);
  before(() => registry.start());
  after(() => {
    registry.stop();
  });

  it("verify by digest with the key that signed, and signing again adds nothing", async () => {
    const image = await registry.push("benefit", "v1");
    assert.equal(await sign(image, ours.signer), "signed");
    assert.equal(await sign(image, ours.signer), "signed before");
    const found = await readBeside(namedImage(image), signaturesTag(digestIn(image)), MEDIA_TYPE.signature);
    assert.equal(found?.length, 1);
    assert.deepEqual(await verify(image, keys), { ok: true, digest: digestIn(image), keyId: ours.signer.keyId });
  });

  it("of several signers are all kept", async () => {
    const image = await registry.push("benefit", "many");
    const signers = [ours, theirs, newKey()];
    for (const { signer } of signers) await sign(image, signer);
    for (const { pem } of signers) assert.equal((await verify(image, trustedKeys([pem]))).ok, true);
  });

  it("are missed on an unsigned image, and on one that was never pushed", async () => {
    const image = await registry.push("benefit", "unsigned");
    const verdict = await verify(image, keys);
    assert.match(
      verdict.ok ? "" : verdict.message,
      /is unsigned: no signature lies beside it in its registry; sign it/,
    );
    const absent = `${registry.host}/benefit@sha256:${"0".repeat(64)}`;
    assert.equal(faultOf(await verify(absent, keys)), "absent");
    await assert.rejects(sign(absent, ours.signer), /is not in its registry/);
  });

  it("by another key do not count", async () => {
    const image = await registry.push("benefit", "other");
    await sign(image, theirs.signer);
    const verdict = await verify(image, keys);
    assert.match(
      verdict.ok ? "" : verdict.message,
      /is signed by another key [0-9a-f]{12}, and hms:signing lists [0-9a-f]{12}/,
    );
  });

  it("do not count for an image that was tampered with, although its signatures were brought along", async () => {
    const signed = await registry.push("benefit", "v2", "content");
    await sign(signed, ours.signer);
    const tampered = await registry.push("benefit", "v2", "other content");
    await copyBeside(signed, tampered, signaturesTag);
    const verdict = await verify(tampered, keys);
    assert.equal(
      verdict.ok ? "" : verdict.message,
      `${tampered} was tampered with: the signature beside it is for ${digestIn(signed)}, so its content was changed after signing; deploy the image that was signed, or sign this one after a look at what changed`,
    );
  });

  it("do not count when the registry gives other bytes under the digest", async () => {
    const image = await registry.push("benefit", "spoilt");
    await sign(image, ours.signer);
    const file = registry.fileOf(digestIn(image));
    writeFileSync(file, readFileSync(file, "utf8").replace('"schemaVersion":2', '"schemaVersion": 2'));
    // A registry may see it itself, and then gives none.
    assert.match(faultOf(await verify(image, keys)), /^(other-bytes|absent)$/);
  });

  it("do not count for an image that was re-tagged after signing: by its tag, its new name, or none", async () => {
    const signed = await registry.push("benefit", "v3");
    await sign(signed, ours.signer);
    const moved = await registry.push("benefit", "v3");
    const byTag = await verify(`${registry.host}/benefit:v3`, keys);
    assert.match(byTag.ok ? "" : byTag.message, new RegExp(`named by a tag.* \\(v3 names ${digestIn(moved)} now\\)`));
    const both = `${registry.host}/benefit:v3@${digestIn(signed)}`;
    assert.equal((await verify(both, keys)).ok, true);
    const demanding = await verify(both, keys, { tag: true });
    assert.match(
      demanding.ok ? "" : demanding.message,
      new RegExp(`re-tagged after signing: v3 names ${digestIn(moved)} now`),
    );
    const content = "the same";
    const first = await registry.push("benefit", "v4", content);
    await sign(first, ours.signer);
    const renamed = await registry.push("payout", "v4", content);
    await copyBeside(first, renamed, signaturesTag);
    const elsewhere = await verify(renamed, keys);
    assert.match(
      elsewhere.ok ? "" : elsewhere.message,
      /re-tagged after signing: it was signed as 127.0.0.1:\d+\/benefit/,
    );
  });

  it("can be asked for by what was said of the image, by whom, and about which", async () => {
    const image = await registry.push("benefit", "v5");
    const demands = { attestations: ["scan", "sbom"] } as const;
    await sign(image, ours.signer);
    assert.match(JSON.stringify(await verify(image, keys, demands)), /no attestation \\"scan\\"/);
    await attest(image, { name: "scan", predicate: { verdict: "pass" } }, ours.signer);
    await attest(image, { name: "sbom", predicate: { bomFormat: "CycloneDX" } }, theirs.signer);
    assert.match(JSON.stringify(await verify(image, keys, demands)), /attestation \\"sbom\\" signed by another key/);
    await attest(image, { name: "sbom", predicate: { bomFormat: "CycloneDX" } }, ours.signer);
    assert.equal((await verify(image, keys, demands)).ok, true);
    const next = await registry.push("benefit", "v6");
    await sign(next, ours.signer);
    await copyBeside(image, next, attestationsTag);
    const verdict = await verify(next, keys, demands);
    assert.match(
      verdict.ok ? "" : verdict.message,
      new RegExp(`an attestation "scan" that is about another image, ${digestIn(image)}`),
    );
  });

  it("of scans are told to who asks what is known: the newest that a listed key signed, and why there is none", async () => {
    const scan = (verdict: string, reasons: readonly string[]) => ({
      name: "scan" as const,
      predicate: { verdict, reasons, components: 41, failOn: "high", scanners: [{ name: "osv-scanner" }], at: "today" },
    });
    const [image, bare, others] = [
      await registry.push("benefit", "v7"),
      await registry.push("benefit", "v8"),
      await registry.push("benefit", "v9"),
    ];
    await attest(image, scan("pass", []), ours.signer);
    await attest(others, scan("pass", []), theirs.signer);
    const passed = { verdict: "pass", scanner: "osv-scanner", text: "nothing from high on in 41 packages, on today" };
    assert.deepEqual((await scansOf([image, bare, image], keys)).get(image), passed);
    await attest(image, scan("fail", ["CVE-1 in a", "CVE-2 in b"]), ours.signer);
    const away = `127.0.0.1:1/benefit@sha256:${"0".repeat(64)}`;
    const said = await scansOf([image, bare, others, away], keys);
    assert.deepEqual(said.get(image), { ...passed, verdict: "fail", text: "CVE-1 in a and 1 more, on today" });
    assert.equal(said.has(bare), false);
    assert.match(JSON.stringify(said.get(others)), /^{"verdict":"error",.*signed by another key/);
    assert.match(JSON.stringify(said.get(away)), /^{"verdict":"error",.*127\.0\.0\.1:1/);
  });

  it("that are broken say so: an envelope that is none, a signature artifact without one", async () => {
    const image = await registry.push("benefit", "broken");
    const { registry: client, path: repository } = namedImage(image);
    const bytes = Buffer.from("{}");
    await client.putBlob(repository, bytes);
    const layer = { mediaType: MEDIA_TYPE.attestation, digest: digestOf(bytes), size: bytes.length };
    const manifest = (one: object) =>
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config: layer, layers: [one] }));
    const put = (tag: string, one: object) =>
      client.putManifest(repository, tag, { mediaType: MEDIA_TYPE.manifest, bytes: manifest(one) });
    await put(signaturesTag(digestIn(image)), { ...layer, mediaType: MEDIA_TYPE.signature });
    assert.equal(faultOf(await verify(image, keys)), "broken");
    const attested = await registry.push("benefit", "broken-attestation");
    await sign(attested, ours.signer);
    await put(attestationsTag(digestIn(attested)), layer);
    assert.match(JSON.stringify(await verify(attested, keys, { attestations: ["scan"] })), /no DSSE envelope/);
  });

  it("give no verdict where the registry cannot be asked", async () => {
    const image = `127.0.0.1:1/benefit@sha256:${"0".repeat(64)}`;
    await assert.rejects(verify(image, keys), RegistryUnreachable);
    await assert.rejects(verify("not an image", keys), /is no image; allowed is/);
  });
});
