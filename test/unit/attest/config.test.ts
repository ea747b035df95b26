import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readSigning, signingField, signingProblems, type SigningValues } from "../../../config/signing";
import type { Account } from "../../../core/account/account";
import { problemsOf, problemText } from "../../../core/service/problem";
import { newImageKey } from "../../support/imageKey";

const { pem } = newImageKey();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .publicKey.export({ type: "spki", format: "pem" })
  .toString();
const files = { read: (path: string) => ({ "keys/release.pem": pem, "keys/rsa.pem": rsa })[path] };
const nowhere = { accounts: [], aws: { fips: true } };
const ARN = [
  "arn",
  "aws-us-gov",
  "kms",
  "us-gov-west-1",
  "111111111111",
  "key/1234abcd-12ab-34cd-56ef-1234567890ab",
].join(":");

const valuesOf = (raw: unknown): SigningValues => signingField.parse(raw);
const read = (raw: unknown) => readSigning(valuesOf(raw), nowhere, files);
/** All that is wrong, of whatever layer. */
const wrong = (raw: unknown): readonly string[] => {
  const parsed = signingField.safeParse(raw);
  return (parsed.success ? readSigning(parsed.data, nowhere, files).problems : problemsOf(parsed.error, raw)).map(
    problemText,
  );
};

describe("hms:signing", () => {
  it("is the key of this machine, or public keys by file or text with who signs", () => {
    assert.deepEqual(read("local").signing, { keys: [], local: true, attestations: [], admission: false });
    for (const key of ["keys/release.pem", pem])
      assert.deepEqual(
        read({ keys: [key], signer: { file: "/keys/release.key" }, attestations: ["scan"], admission: true }),
        {
          signing: {
            ...{ keys: [pem], local: false, attestations: ["scan"], admission: true },
            signer: { file: "/keys/release.key" },
          },
          problems: [],
        },
      );
  });

  it("takes on the role of the account that the key is in, by the endpoints of the stack", () => {
    const account: Account = {
      ...{ name: "usda", id: "111111111111", region: "us-gov-west-1", role: "hms-deploy", clusters: {} },
      partition: "aws-us-gov",
      state: "deployable",
      externalId: "shared",
    };
    const where = { accounts: [account], aws: { fips: false, endpoint: "http://127.0.0.1:5100" } };
    const { signing } = readSigning(valuesOf({ keys: [pem], signer: { kms: ARN } }), where, files);
    assert.deepEqual(signing?.signer, {
      ...{ kms: ARN, fips: false, endpoint: "http://127.0.0.1:5100" },
      role: {
        arn: ["arn", "aws-us-gov", "iam", "", "111111111111", "role/hms-deploy"].join(":"),
        externalId: "shared",
      },
      as: ["arn", "aws-us-gov", "iam", "", "111111111111", "role/hms-signer"].join(":"),
    });
  });

  const bad: readonly [unknown, RegExp][] = [
    ["locl", /got "locl"; allowed is local, or a map with keys, signer, attestations and admission/],
    [{}, /keys: got nothing; allowed is a list of public keys/],
    [{ keys: [] }, /signing\.keys: got an empty list; allowed is at least one public key/],
    [{ keys: ["keys/none.pem"] }, /keys\[0\]: got the path "keys\/none.pem", where no file is/],
    [
      { keys: ["keys/rsa.pem"] },
      /keys\[0\]: got the file keys\/rsa.pem, which holds none; allowed is a public key on the curve P-256/,
    ],
    [{ keys: [pem], signer: {} }, /signer: got an empty map; allowed is a map with exactly one of file and kms/],
    [{ keys: [pem], signer: { file: "/k", kms: ARN } }, /signer: got a map with both file and kms/],
    [{ keys: [pem], signer: { file: "k.pem" } }, /signer\.file: got "k.pem"; allowed is an absolute path/],
    [
      { keys: [pem], signer: { kms: ARN.replace("key/1234", "alias/1234") } },
      /signer\.kms: .*; allowed is the ARN of a KMS key/,
    ],
    [
      { keys: [pem], attestations: ["scans"] },
      /attestations\[0\]: got "scans"; allowed is one of sbom, scan, provenance/,
    ],
    [{ keys: [pem], admission: "yes" }, /admission: got "yes"; allowed is true or false/],
    [{ keys: [pem], trust: [] }, /trust: got an unknown key; allowed is one of keys, signer, attestations, admission/],
  ];
  for (const [raw, words] of bad)
    it(`refuses ${JSON.stringify(raw).slice(0, 60)}`, () => {
      const [only, ...more] = wrong(raw);
      assert.deepEqual(more, []);
      assert.match(only ?? "", words);
    });

  it("is demanded by production, with a key that does not lie in a file; this machine's own platform stands in for a cloud", () => {
    const said = (raw: unknown, kubeContext: string) =>
      signingProblems({ production: true, kubeContext, ...(raw === undefined ? {} : { signing: valuesOf(raw) }) }).map(
        problemText,
      );
    const file = { keys: [pem], signer: { file: "/k" } };
    assert.match(
      said(undefined, "hms-local")[0] ?? "",
      /signing: got nothing, with hms:production; .*write keys and signer/,
    );
    assert.match(said("local", "prod")[0] ?? "", /got local, for the context prod/);
    assert.match(said(file, "prod")[0] ?? "", /signer\.file: got a key in a file, with hms:production/);
    for (const [raw, context] of [
      ["local", "hms-local"],
      [file, "hms-local"],
      [{ keys: [pem] }, "prod"],
      [{ keys: [pem], signer: { kms: ARN } }, "prod"],
    ] as const)
      assert.deepEqual(said(raw, context), []);
    assert.deepEqual(signingProblems({ kubeContext: "prod" }), [], "what is no production may go without");
  });
});
