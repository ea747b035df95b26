import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { artifactOf, entriesOf } from "../../../core/attest/artifact";
import { digestOf } from "../../../core/attest/digest";
import { openEnvelope, preAuthentication, sealEnvelope } from "../../../core/attest/dsse";
import { faultText } from "../../../core/attest/fault";
import { judgeAttestation, judgeSignatures } from "../../../core/attest/judge";
import { fileSigner, trustedKeys, type ImageSigner } from "../../../core/attest/keys";
import { claimIn, payloadOf } from "../../../core/attest/simpleSigning";
import { PREDICATE, STATEMENT, statementBytes, statementIn } from "../../../core/attest/statement";

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const signerOf = ({ privateKey }: ReturnType<typeof pair>): ImageSigner =>
  fileSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
const pemOf = ({ publicKey }: ReturnType<typeof pair>): string =>
  publicKey.export({ type: "spki", format: "pem" }).toString();

const [ours, theirs] = [pair(), pair()];
const [signer, stranger] = [signerOf(ours), signerOf(theirs)];
const keys = trustedKeys([pemOf(ours)]);
const digest = digestOf(Buffer.from("one"));
const other = digestOf(Buffer.from("other"));
const subject = { repository: "registry.example.gov/policies/benefit", digest };

const signatureBy = async (by: ImageSigner, claim = subject, key: string | undefined = by.keyId) => {
  const payload = payloadOf(claim);
  return { payload, signature: await by.sign(payload), ...(key === undefined ? {} : { key }) };
};

describe("signatures of an image, judged", () => {
  it("hold when a listed key signed this digest, whatever else lies beside it", async () => {
    const found = [await signatureBy(stranger), await signatureBy(signer)];
    assert.deepEqual(judgeSignatures(subject, found, keys), { ok: true, keyId: signer.keyId });
  });

  it("hold for a copy in another registry, where the repository has the same name", async () => {
    const copy = { ...subject, repository: "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/benefit" };
    assert.equal(judgeSignatures(copy, [await signatureBy(signer)], keys).ok, true);
  });

  const faults: readonly [string, () => Promise<Parameters<typeof judgeSignatures>[1]>, string, RegExp][] = [
    ["none", () => Promise.resolve([]), "unsigned", /is unsigned: no signature lies beside it/],
    [
      "one by another key",
      async () => [await signatureBy(stranger)],
      "other-key",
      new RegExp(
        `signed by another key ${stranger.keyId.slice(0, 12)}, and hms:signing lists ${signer.keyId.slice(0, 12)}`,
      ),
    ],
    [
      "one of another digest, by a listed key",
      async () => [await signatureBy(signer, { ...subject, digest: other })],
      "for-another",
      new RegExp(`tampered with: the signature beside it is for ${other}`),
    ],
    [
      "one of the same digest under another name, by a listed key",
      async () => [await signatureBy(signer, { ...subject, repository: "registry.example.gov/policies/payout" })],
      "renamed",
      /re-tagged after signing: it was signed as registry.example.gov\/policies\/payout/,
    ],
    [
      "one whose payload was changed after a listed key signed it",
      async () => [{ ...(await signatureBy(signer)), payload: payloadOf({ ...subject, digest: other }) }],
      "altered",
      /tampered with: key [0-9a-f]{12} is named as its signer/,
    ],
    [
      "one that is no signature",
      async () => [{ ...(await signatureBy(signer)), signature: Buffer.from("no signature") }],
      "altered",
      /tampered with/,
    ],
    [
      "something that is no claim about an image, by nobody",
      () => Promise.resolve([{ payload: Buffer.from("{}"), signature: Buffer.alloc(0) }]),
      "broken",
      /cannot be read/,
    ],
  ];
  for (const [what, found, kind, words] of faults)
    it(`do not hold: ${what}`, async () => {
      const judged = judgeSignatures(subject, await found(), keys);
      assert.ok(!judged.ok);
      assert.equal(judged.fault.kind, kind);
      const text = faultText(`${subject.repository}@${digest}`, judged.fault);
      assert.match(text, words);
      assert.match(text, /; .+/, "says what to do");
    });

  it("never hold with a bit changed anywhere, in what was signed or in the signature", async () => {
    const { payload, signature } = await signatureBy(signer);
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.integer({ min: 0, max: 7 }), async (inPayload, at, bit) => {
        const spoilt = { payload: Buffer.from(payload), signature: Buffer.from(signature), key: signer.keyId };
        const bytes = inPayload ? spoilt.payload : spoilt.signature;
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        assert.equal(judgeSignatures(subject, [spoilt], keys).ok, false);
        return Promise.resolve();
      }),
      { numRuns: 300 },
    );
  });

  it("tell of what was changed rather than of a stranger's signature beside it", async () => {
    const found = [await signatureBy(stranger), await signatureBy(signer, { ...subject, digest: other })];
    const judged = judgeSignatures(subject, found, keys);
    assert.equal(!judged.ok && judged.fault.kind, "for-another");
  });
});

describe("attestations of an image, judged", () => {
  const envelope = (
    by: ImageSigner,
    about = subject,
    predicate: unknown = { verdict: "pass" },
    name: "scan" | "sbom" = "scan",
  ) => sealEnvelope(STATEMENT, statementBytes({ ...about, predicateType: PREDICATE[name], predicate }), by);

  it("hold when a listed key made them about this digest", async () => {
    const judged = judgeAttestation(subject, "scan", [await envelope(signer)], keys);
    assert.ok(judged.ok);
    assert.deepEqual(judged.found, [
      { keyId: signer.keyId, predicateType: PREDICATE.scan, predicate: { verdict: "pass" } },
    ]);
  });

  it("of scans count by the newest", async () => {
    const [pass, fail] = [await envelope(signer), await envelope(signer, subject, { verdict: "fail" })];
    assert.equal(judgeAttestation(subject, "scan", [fail, pass], keys).ok, true);
    const judged = judgeAttestation(subject, "scan", [pass, fail], keys);
    assert.deepEqual(!judged.ok && judged.fault, { kind: "verdict", verdict: "fail" });
  });

  const faults: readonly [string, () => Promise<Buffer[]>, string, RegExp][] = [
    ["none", () => Promise.resolve([]), "missing", /no attestation "scan"/],
    [
      "one of another kind",
      async () => [await envelope(signer, subject, {}, "sbom")],
      "missing",
      /no attestation "scan"/,
    ],
    ["one by another key", async () => [await envelope(stranger)], "other-key", /signed by another key/],
    [
      "one about another image",
      async () => [await envelope(signer, { ...subject, digest: other })],
      "for-another",
      new RegExp(`about another image, ${other}`),
    ],
    ["what is no envelope", () => Promise.resolve([Buffer.from("{}")]), "broken", /no DSSE envelope/],
    [
      "one with another statement put inside",
      async () => {
        const whole = JSON.parse((await envelope(signer)).toString()) as { payload: string };
        const payload = statementBytes({
          ...subject,
          predicateType: PREDICATE.scan,
          predicate: { verdict: "pass", extra: 1 },
        });
        return [Buffer.from(JSON.stringify({ ...whole, payload: payload.toString("base64") }))];
      },
      "altered",
      /tampered with/,
    ],
    [
      "a scan that failed",
      async () => [await envelope(signer, subject, { verdict: "stale" })],
      "verdict",
      /verdict "stale"/,
    ],
    ["a scan that says nothing", async () => [await envelope(signer, subject, "?")], "verdict", /verdict "none"/],
  ];
  for (const [what, envelopes, kind, words] of faults)
    it(`do not hold: ${what}`, async () => {
      const judged = judgeAttestation(subject, "scan", await envelopes(), keys);
      assert.ok(!judged.ok);
      assert.equal(judged.fault.kind, kind);
      assert.match(faultText("image", { kind: "attestation", what: "scan", fault: judged.fault }), words);
    });

  it("are signed with their type: the same bytes under another type do not open", async () => {
    const bytes = await sealEnvelope("text/plain", Buffer.from("words"), signer);
    const retyped = Buffer.from(bytes.toString().replace("text/plain", STATEMENT));
    assert.deepEqual(openEnvelope(retyped, STATEMENT, keys), { ok: false, problem: "altered", keyIds: [signer.keyId] });
  });

  it("are signed over what the envelope's specification gives as its example", () => {
    const bytes = preAuthentication("http://example.com/HelloWorld", Buffer.from("hello world"));
    assert.equal(bytes.toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });
});

describe("what lies beside an image", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: fc.string(), size: fc.nat() }), { maxLength: 5 }), (some) => {
        const entries = some.map(({ text, size }) => ({
          mediaType: "a/b",
          digest: digestOf(Buffer.from(text)),
          size,
          annotations: { text },
        }));
        assert.deepEqual(entriesOf(artifactOf(entries).manifest), entries);
      }),
    );
    assert.deepEqual(claimIn(payloadOf(subject)), subject);
    const said = { ...subject, predicateType: PREDICATE.sbom, predicate: { bomFormat: "CycloneDX" } };
    const { predicateType, predicate } = said;
    assert.deepEqual(statementIn(statementBytes(said)), { digests: [digest], predicateType, predicate });
  });

  it("is nothing when it is not of its form", () => {
    for (const text of ["", "[]", "null", '{"layers":1}', '{"critical":{}}']) {
      assert.equal(entriesOf(Buffer.from(text)), undefined);
      assert.equal(claimIn(Buffer.from(text)), undefined);
      assert.equal(statementIn(Buffer.from(text)), undefined);
    }
  });
});

describe("a key that signs images", () => {
  it("is on the curve P-256, or is refused with what it is", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const edwards = generateKeyPairSync("ed25519").privateKey;
    const wide = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    for (const [key, words] of [
      [rsa, /got rsa/],
      [edwards, /got ed25519/],
      [wide, /got secp384r1/],
    ] as const)
      assert.throws(() => fileSigner(key.export({ type: "pkcs8", format: "pem" }).toString()), words);
  });
});
