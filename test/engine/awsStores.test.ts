import { strict as assert } from "node:assert";
import { createPublicKey } from "node:crypto";
import { withFlag, withFlagsLeft } from "../../core/freeze/change";
import type { LedgerFact } from "../../core/ledger/entry";
import { trust } from "../../core/ledger/seal";
import type { AwsSession } from "../../platform/aws/session";
import { askFreeze } from "../../provider/freeze/look";
import { parameterStore } from "../../provider/freeze/parameterStore";
import { BucketSink } from "../../provider/ledger/bucket";
import { kmsSigner } from "../../provider/ledger/kmsSigner";
import { Ledger } from "../../provider/ledger/ledger";
import { sinkWitness } from "../../provider/ledger/sinkWitness";
import { Moto } from "../support/moto";

const USDA = "111111111111";
const EPA = "222222222222";
const LOCK = { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 365 } } } as const;

const fact = (number: number): LedgerFact => ({
  event: "deployed",
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString(),
  by: "ann",
  service: "web",
  namespace: "hms-prod",
  release: { id: `r${number}`, tag: `v${number}`, image: null },
  weights: { before: null, after: null },
  gates: [],
  decisions: [],
  reason: null,
  origin: `record ${number}`,
});

describe("in accounts of AWS", function () {
  this.timeout(180_000);
  let moto: Moto;
  let usda: AwsSession;
  let epa: AwsSession;
  before(async () => {
    moto = await Moto.start();
    [usda, epa] = await Promise.all([moto.session(USDA), moto.session(EPA)]);
  });
  after(() => moto.stop());

  describe("a ledger", () => {
    let number = 0;
    let bucket: string;
    const s3 = () => import("@aws-sdk/client-s3");
    const make = async (session: AwsSession, Bucket: string, lock: typeof LOCK | null = LOCK) => {
      const { S3Client, CreateBucketCommand, PutObjectLockConfigurationCommand } = await s3();
      const client = session.client(S3Client);
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
      if (lock) await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: lock }));
    };
    const key = async (session: AwsSession, KeySpec: "ECC_NIST_P256" | "ECC_NIST_P384" = "ECC_NIST_P256") => {
      const { KMSClient, CreateKeyCommand } = await import("@aws-sdk/client-kms");
      const made = await session.client(KMSClient).send(new CreateKeyCommand({ KeySpec, KeyUsage: "SIGN_VERIFY" }));
      return made.KeyMetadata?.Arn ?? "";
    };
    let arn: string;
    before(async () => (arn = await key(usda)));
    beforeEach(async () => {
      bucket = `hms-usda-ledger-${++number}`;
      await Promise.all([make(usda, bucket), make(epa, `${bucket}-witness`)]);
    });

    const open = async () => {
      const signer = await kmsSigner(usda, arn);
      const keys = trust([signer.publicKey.export({ type: "spki", format: "pem" }).toString()]);
      const sink = new BucketSink({ session: usda, bucket }, "prod");
      const witness = sinkWitness(new BucketSink({ session: epa, bucket: `${bucket}-witness` }, "prod"));
      return new Ledger({ ledger: "prod", sink, signer, keys, witness });
    };
    const findings = async () => (await (await open()).read()).verdict.findings.map(({ kind }) => kind);

    it("is written by many at once, each fact once, signed by a key of KMS, and verifies", async () => {
      await Promise.all(
        [0, 1, 2].map(async (writer) => {
          const ledger = await open();
          for (const one of [1, 2, 3]) await ledger.add([fact(one), fact(10 + writer)]);
          await ledger.checkpoint();
        }),
      );
      const { entries, verdict } = await (await open()).read();
      assert.equal(entries.length, 6);
      assert.deepEqual(verdict.findings, []);
      assert.equal(verdict.checkpoint?.count, 6);
    });

    it("is not touched by a mark that hides an entry, and names a version that was put above one", async () => {
      await (await open()).checkpoint([fact(1), fact(2)]);
      const { S3Client, DeleteObjectCommand, PutObjectCommand } = await s3();
      const at = (entry: number) => ({ Bucket: bucket, Key: `prod/entries/00000000000${entry}.json` });
      await usda.client(S3Client).send(new DeleteObjectCommand(at(1)));
      assert.deepEqual(await findings(), []);
      await (await open()).add([fact(3)]);
      assert.deepEqual(await findings(), [], "a hidden number is not given again");
      await usda
        .client(S3Client)
        .send(new PutObjectCommand({ ...at(2), Body: "another story", ChecksumAlgorithm: "SHA256" }));
      assert.deepEqual(await findings(), ["unreadable"]);
      await assert.rejects((await open()).add([fact(4)]), /does not verify: entries\/000000000002\.json \(version /);
    });

    it("cannot lose its end or itself unseen: a second account has the checkpoints", async () => {
      await (await open()).checkpoint([fact(1), fact(2)]);
      // Its owner makes another bucket of that name, or reads from another place.
      await make(usda, `${bucket}-new`);
      const whole = bucket;
      const empty = new BucketSink({ session: usda, bucket: `${whole}-new` }, "prod");
      const signer = await kmsSigner(usda, arn);
      const keys = trust([signer.publicKey.export({ type: "spki", format: "pem" }).toString()]);
      const witness = sinkWitness(new BucketSink({ session: epa, bucket: `${whole}-witness` }, "prod"));
      const { verdict } = await new Ledger({ ledger: "prod", sink: empty, signer, keys, witness }).read();
      assert.deepEqual(
        verdict.findings.map(({ kind }) => kind),
        ["cut-off"],
      );
    });

    it("is kept by S3 itself: a locked version cannot be deleted", async () => {
      await (await open()).checkpoint([fact(1)]);
      const { S3Client, DeleteObjectCommand, ListObjectVersionsCommand } = await s3();
      const client = usda.client(S3Client);
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      assert.equal(Versions.length, 2);
      for (const { Key, VersionId } of Versions)
        await assert.rejects(
          client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId })),
          /AccessDenied|Access Denied/i,
        );
    });

    it("is refused where entries could be deleted, where there is no bucket, and by keys of another kind", async () => {
      const open = `${bucket}-open`;
      await make(usda, open, null);
      const unlocked = new BucketSink({ session: usda, bucket: open }, "prod");
      await assert.rejects(unlocked.create("entries", 1, "x"), /is not locked: .*nothing was written/);
      const none = new BucketSink({ session: usda, bucket: "hms-not-there" }, "prod");
      await assert.rejects(none.create("entries", 1, "x"), /hms-not-there of account 111111111111.*NoSuchBucket/);
      await assert.rejects(none.list("entries"), /cannot be listed: NoSuchBucket/);
      await assert.rejects(
        kmsSigner(usda, await key(usda, "ECC_NIST_P384")),
        /is secp384r1 for SIGN_VERIFY; allowed is/,
      );
      await assert.rejects(
        kmsSigner(epa, arn),
        /the signing key .* of account 222222222222 cannot be looked at: NotFound/,
      );
    });

    it("is verified by the public key alone", async () => {
      const signer = await kmsSigner(usda, arn);
      const signature = await signer.sign(Buffer.from("what is signed".repeat(100)));
      const { verify } = await import("node:crypto");
      const open = createPublicKey(signer.publicKey.export({ type: "spki", format: "pem" }));
      assert.ok(verify("sha256", Buffer.from("what is signed".repeat(100)), open, signature));
    });
  });

  describe("a freeze", () => {
    let number = 0;
    let path: string;
    beforeEach(() => (path = `/hms/freeze-${++number}`));
    const ask = async (session = usda) => {
      const decision = await askFreeze(parameterStore(session, path), { stack: "prod", action: "deploy" });
      return decision.frozen ? decision.reason : undefined;
    };
    const parameter = async (name: string, Value: string) => {
      const { SSMClient, PutParameterCommand } = await import("@aws-sdk/client-ssm");
      const put = { Name: `${path}/${name}`, Value, Type: "String", Overwrite: true } as const;
      await usda.client(SSMClient).send(new PutParameterCommand(put));
    };
    const flag = (id: string) => ({ id, reason: id, who: "ann", since: null });

    it("is in effect where there is nothing at all, for then nobody has looked in the right place", async () => {
      assert.match(
        (await ask()) ?? "",
        /parameters \/hms\/freeze-\d+ of account 111111111111 cannot be read: there is none/,
      );
      await parameterStore(usda, path).update((texts) => texts);
      assert.equal(await ask(), undefined);
    });

    it("is an account's own: raised in one, it holds there and not in another", async () => {
      await parameterStore(epa, path).update((texts) => texts);
      await parameterStore(usda, path).update((texts) => withFlag(texts, flag("audit")));
      assert.equal(await ask(), "audit");
      assert.equal(await ask(epa), undefined);
      await parameterStore(usda, path).update((texts) => withFlagsLeft(texts, () => undefined));
      assert.equal(await ask(), undefined);
    });

    it("is raised by whoever may write the flag, in their own words, and counts a calendar as much", async () => {
      await parameter("calendar", '{"windows":[]}');
      assert.equal(await ask(), undefined, "as an account's baseline leaves it");
      await parameter("flag", "audit week");
      assert.equal(await ask(), "audit week");
      await parameter("flag", "none");
      assert.equal(await ask(), undefined);
      await parameter("calendar", "windows: [{}]");
      assert.match(
        (await ask()) ?? "",
        /the calendar in parameters .* cannot be read: windows\[0\]\.name: got nothing/,
      );
    });

    it("is written by many at once without losing one", async () => {
      const ids = Array.from({ length: 6 }, (_, index) => `f${index}`);
      await Promise.all(ids.map((id) => parameterStore(usda, path).update((texts) => withFlag(texts, flag(id)))));
      const { flag: text = "" } = await parameterStore(usda, path).read();
      assert.deepEqual(
        ids.filter((id) => !text.includes(`id: ${id}`)),
        [],
      );
    });

    it("keeps what somebody wrote between our reading and our writing, by whatever means", async () => {
      await parameterStore(usda, path).update((texts) => texts);
      let interfered: Promise<void> | undefined;
      // The change runs between the two; a person's own command gets in there.
      const store = parameterStore(usda, path);
      const others = { SSMClient: (await import("@aws-sdk/client-ssm")).SSMClient };
      const send = usda.client(others.SSMClient).send.bind(usda.client(others.SSMClient));
      const client = usda.client(others.SSMClient) as unknown as {
        send: (command: unknown, ...rest: unknown[]) => unknown;
      };
      client.send = async (command: unknown, ...rest: unknown[]) => {
        const { constructor, input } = command as { constructor: { name: string }; input: { Name?: string } };
        if (constructor.name === "PutParameterCommand" && input.Name === `${path}/flag` && !interfered) {
          interfered = Promise.resolve();
          await parameter("flag", JSON.stringify({ flags: [flag("theirs")] }));
        }
        return (send as (command: unknown, ...rest: unknown[]) => unknown)(command, ...rest);
      };
      try {
        await store.update((texts) => withFlag(texts, flag("ours")));
      } finally {
        client.send = send as typeof client.send;
      }
      const { flag: text = "" } = await store.read();
      assert.ok(text.includes("theirs") && text.includes("ours"), text);
    });

    it("is in effect when the account does not answer, and says which", async () => {
      const gone = await moto.session(EPA);
      const { SSMClient } = await import("@aws-sdk/client-ssm");
      const client = gone.client(SSMClient) as unknown as { send: () => Promise<never> };
      client.send = () => Promise.reject(Object.assign(new Error("no"), { name: "AccessDeniedException" }));
      assert.match(
        (await ask(gone)) ?? "",
        /of account 222222222222 cannot be read for arn:aws-us-gov:sts::222222222222:assumed-role\S+: AccessDeniedException: no/,
      );
    });
  });
});
