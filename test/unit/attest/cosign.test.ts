import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { artifactOf, entriesOf, SIGNATURE_ANNOTATION } from "../../../core/attest/artifact";
import { digestOf } from "../../../core/attest/digest";
import { judgeAttestation, judgeSignatures } from "../../../core/attest/judge";
import { trustedKeys } from "../../../core/attest/keys";
import { payloadOf } from "../../../core/attest/simpleSigning";

interface Golden {
  readonly repository: string;
  readonly digest: string;
  readonly key: string;
  readonly manifest: string;
  readonly signatures: readonly { readonly annotations: Record<string, string>; readonly bytes: string }[];
  readonly attestations: readonly { readonly bytes: string }[];
}

/** Made by cosign 2.6.5 (`cosign sign`, `cosign attest`) in test/engine/cosign.test.ts. */
const golden = JSON.parse(readFileSync(join(__dirname, "cosign.json"), "utf8")) as Golden;
const bytesOf = ({ bytes }: { readonly bytes: string }) => Buffer.from(bytes, "base64");

describe("what cosign made", () => {
  const keys = trustedKeys([golden.key]);
  const found = golden.signatures.map((one) => ({
    payload: bytesOf(one),
    signature: Buffer.from(one.annotations[SIGNATURE_ANNOTATION] ?? "", "base64"),
  }));

  it("is verified by us", () => {
    assert.equal(judgeSignatures(golden, found, keys).ok, true);
    assert.equal(judgeAttestation(golden, "scan", golden.attestations.map(bytesOf), keys).ok, true);
  });

  it("is for that image alone", () => {
    const other = { ...golden, digest: digestOf(Buffer.from("other")) };
    assert.equal(judgeSignatures(other, found, keys).ok, false);
    assert.equal(judgeAttestation(other, "scan", golden.attestations.map(bytesOf), keys).ok, false);
  });

  it("has the form of what we make: the same bytes are signed, and stored in the same kind of manifest", () => {
    assert.deepEqual(payloadOf(golden).toString(), found[0]?.payload.toString());
    const theirs = Buffer.from(golden.manifest, "base64");
    const ours = artifactOf(entriesOf(theirs) ?? []).manifest;
    const shape = (bytes: Buffer) => {
      const { config, ...rest } = JSON.parse(bytes.toString()) as { config: { mediaType: string } };
      return { ...rest, config: config.mediaType };
    };
    assert.deepEqual(shape(ours), shape(theirs));
  });
});
