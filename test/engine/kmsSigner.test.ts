import assert from "node:assert/strict";
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient, type KeySpec } from "@aws-sdk/client-kms";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { trustedKeys } from "../../core/attest/keys";
import { arnOf, iamArn } from "../../core/aws/arn";
import { AMBIENT_ACCOUNT, EMULATED_REGION, organizationRole } from "../../platform/aws/emulator";
import { takenOn } from "../../provider/attest/kmsSigner";
import { signerFor } from "../../provider/attest/keys";
import { attest, sign } from "../../provider/attest/sign";
import { verify } from "../../provider/attest/verify";
import { Moto } from "../support/moto";
import { TestRegistry } from "../support/registry";

const USDA = "111111111111";

describe("images signed by a key of KMS, on the emulator", function () {
  this.timeout(180_000);
  const registry = new TestRegistry();
  let moto: Moto;
  let kms: KMSClient;
  const newKey = async (KeySpec: KeySpec) => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: "SIGN_VERIFY" }));
    return KeyMetadata?.Arn ?? "";
  };
  const publicPem = async (arn: string) => {
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
    const body = Buffer.from(PublicKey ?? []).toString("base64");
    return `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;
  };
  const by = (arn: string, role: string | undefined = organizationRole(USDA)) => {
    const taken = role === undefined ? {} : { role: { arn: role } };
    return signerFor({ local: false, signer: { kms: arn, endpoint: moto.endpoint, fips: false, ...taken } });
  };

  before(async () => {
    [moto] = await Promise.all([Moto.start(), registry.start()]);
    kms = (await moto.session(USDA)).client(KMSClient);
  });
  after(async () => {
    registry.stop();
    await moto.stop();
  });

  it("verify by the public half, which needs no KMS", async () => {
    const arn = await newKey("ECC_NIST_P256");
    const signer = await by(arn);
    assert.ok(signer);
    const keys = trustedKeys([await publicPem(arn)]);
    const image = await registry.push("benefit", "kms");
    assert.equal(await sign(image, signer), "signed");
    assert.equal(await sign(image, signer), "signed before");
    await attest(image, { name: "scan", predicate: { verdict: "pass" } }, signer);
    const verdict = await verify(image, keys, { attestations: ["scan"] });
    assert.equal(verdict.ok ? verdict.keyId : verdict.message, signer.keyId);
    const other = await verify(image, trustedKeys([await publicPem(await newKey("ECC_NIST_P256"))]));
    assert.equal(other.ok ? "" : other.fault.kind, "other-key");
  });

  it("are made by the role that alone may sign, taken on by who deploys", async () => {
    const arn = await newKey("ECC_NIST_P256");
    const role = iamArn("aws-us-gov", USDA, "role/hms-signer");
    const credentials = await takenOn(await moto.session(USDA), role);
    const sts = new STSClient({ region: EMULATED_REGION, endpoint: moto.endpoint, credentials });
    const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
    assert.match(Arn, /:sts::111111111111:assumed-role\/hms-signer\/hms-signing$/);
    const reach = { endpoint: moto.endpoint, fips: false, role: { arn: organizationRole(USDA) } };
    const signer = await signerFor({ local: false, signer: { kms: arn, as: role, ...reach } });
    assert.ok(signer);
    const image = await registry.push("benefit", "by-signer");
    await sign(image, signer);
    assert.equal((await verify(image, trustedKeys([await publicPem(arn)]))).ok, true);
  });

  it("are made with a key of that kind in the account that the key names, or not at all", async () => {
    const arn = await newKey("ECC_NIST_P256");
    const ambient = signerFor({ local: false, signer: { kms: arn, endpoint: moto.endpoint, fips: false } });
    await assert.rejects(ambient, new RegExp(`of account ${AMBIENT_ACCOUNT}.*account ${USDA} is meant`));
    await assert.rejects(by(await newKey("RSA_2048")), /images are signed with a key on the curve P-256, got rsa/);
    await assert.rejects(by(await newKey("ECC_NIST_P384")), /got secp384r1/);
    const gone = arnOf({
      ...{ partition: "aws-us-gov", service: "kms", region: EMULATED_REGION, account: USDA },
      resource: "key/00000000-0000-0000-0000-000000000000",
    });
    await assert.rejects(by(gone), /key\/0{8}.*, which hms:signing names as signer: /);
  });
});
