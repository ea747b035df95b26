import assert from "node:assert/strict";
import { DeleteRolePolicyCommand, GetRoleCommand, IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { KMSClient, ListAliasesCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import {
  DeleteBucketPolicyCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { bootstrapAccounts, type BootstrapDocument, type BootstrapWish } from "../../cli/account/bootstrap";
import { loadStackFile } from "../../config/stackFile";
import type { StackConfig } from "../../config/stackConfig";
import { roleArnOf, sessionTags } from "../../core/account/account";
import { foreignArns } from "../../core/aws/partitionLint";
import { openSession } from "../../platform/aws/session";
import { foundAccounts, ORGANIZATION_ROLE } from "../../platform/aws/emulator";
import { projectRoot } from "../../platform/home";
import { Moto } from "../support/moto";

describe("the bootstrap of accounts, on the emulator", function () {
  this.timeout(180_000);
  let moto: Moto;
  let config: StackConfig;
  const wish: BootstrapWish = { through: ORGANIZATION_ROLE, trusted: [], dryRun: false };

  async function run(change: Partial<BootstrapWish> = {}): Promise<{ document: BootstrapDocument; said: string[] }> {
    const said: string[] = [];
    const signal = AbortSignal.timeout(120_000);
    const document = await bootstrapAccounts(config, { ...wish, ...change }, signal, (line) => void said.push(line));
    return { document, said };
  }

  const states = ({ accounts }: BootstrapDocument) =>
    accounts.flatMap(({ pieces }) => pieces.map(({ state }) => state));

  before(async () => {
    moto = await Moto.start();
    config = { ...loadStackFile(projectRoot(), "emulated"), aws: { endpoint: moto.endpoint, fips: false } };
  });
  after(() => moto.stop());

  it("says first what it will make, and with --dry-run makes nothing", async () => {
    const { document, said } = await run({ dryRun: true });
    assert.deepEqual(new Set(states(document)), new Set(["make"]));
    assert.ok(document.accounts.every(({ done }) => !done));
    assert.deepEqual(said.slice(0, 5), [
      "doi (333333333333, us-gov-west-1):",
      "  + policy hms-deploy-boundary: the bounds of what the deploy role may ever do",
      "  + role hms-deploy: taken on by arn:aws-us-gov:iam::123456789012:root with the external id, bounded by hms-deploy-boundary",
      "  + key alias/hms/state: encrypts the engine's state and its secrets",
      "  + bucket hms-doi-state-333333333333: keeps the engine's state, in all its versions",
    ]);
    const usda = await moto.session("111111111111");
    const { Roles = [] } = await usda.client(IAMClient).send(new ListRolesCommand({}));
    assert.deepEqual(
      Roles.map(({ RoleName }) => RoleName),
      [ORGANIZATION_ROLE],
    );
    const { Buckets = [] } = await usda.client(S3Client).send(new ListBucketsCommand({}));
    assert.deepEqual(Buckets, []);
  });

  it("makes it in each account, and then finds nothing to do", async () => {
    const first = await run();
    assert.ok(first.document.accounts.every(({ done }) => done));
    const second = await run();
    assert.deepEqual(new Set(states(second.document)), new Set(["right"]), second.said.join("\n"));
    for (const { id, account, backend, secretsProvider } of second.document.accounts) {
      assert.equal(backend, `s3://hms-${account}-state-${id}?region=us-gov-west-1`);
      assert.match(
        secretsProvider ?? "",
        new RegExp(`^awskms:///arn:aws-us-gov:kms:us-gov-west-1:${id}:key/[-0-9a-f]+\\?region=us-gov-west-1$`),
      );
    }
  });

  it("leaves a role that can be taken on, in no other account, with documents of the partition", async () => {
    for (const account of config.accounts) {
      const session = await openSession({
        ...{ region: account.region, endpoint: moto.endpoint, expectedAccount: account.id },
        role: { arn: roleArnOf(account), externalId: account.externalId, tags: sessionTags("emulated", account) },
      });
      const { Role } = await session.client(IAMClient).send(new GetRoleCommand({ RoleName: account.role }));
      const trust: unknown = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "{}"));
      assert.deepEqual(foreignArns([Role?.Arn, trust], "aws-us-gov"), []);
      assert.match(JSON.stringify(trust), new RegExp(`"sts:ExternalId":"hms-${account.name}"`));
      assert.match(Role?.PermissionsBoundary?.PermissionsBoundaryArn ?? "", /policy\/hms-deploy-boundary$/);
    }
  });

  it("puts right what was changed by hand, and nothing else", async () => {
    const usda = await moto.session("111111111111");
    await usda
      .client(IAMClient)
      .send(new DeleteRolePolicyCommand({ RoleName: "hms-deploy", PolicyName: "policy-deploy" }));
    await usda.client(S3Client).send(new DeleteBucketPolicyCommand({ Bucket: "hms-usda-state-111111111111" }));
    const { document } = await run({ only: "usda" });
    assert.deepEqual(
      document.accounts.flatMap(({ pieces }) => pieces.filter(({ state }) => state !== "right").map(({ how }) => how)),
      ["what it may do", "by TLS and from this account alone"],
    );
    assert.deepEqual(new Set(states((await run()).document)), new Set(["right"]));
  });

  it("goes on where it was cut short", async () => {
    const stop = new AbortController();
    const accounts = config.accounts.map((account) => ({ ...account, name: "hud", id: "444444444444" })).slice(0, 1);
    const fresh = { ...config, accounts };
    const made: string[] = [];
    const say = (line: string) => {
      if (!line.endsWith("is done")) return;
      made.push(line);
      if (made.length === 2) stop.abort(new Error("stopped"));
    };
    await foundAccounts(moto.endpoint, [{ name: "hud", id: "444444444444" }]);
    await assert.rejects(bootstrapAccounts(fresh, wish, stop.signal, say), /stopped/);
    assert.equal(made.length, 2);
    const again = await bootstrapAccounts(fresh, wish, new AbortController().signal, () => undefined);
    assert.deepEqual(states(again), ["right", "right", "make", "make"]);
    const { Aliases = [] } = await (
      await moto.session("444444444444")
    )
      .client(KMSClient)
      .send(new ListAliasesCommand({}));
    assert.equal(Aliases.filter(({ AliasName }) => AliasName === "alias/hms/state").length, 1);
  });

  it("changes nothing anywhere when one account cannot be entered", async () => {
    const [first, second] = config.accounts;
    assert.ok(first && second);
    const accounts = [
      { ...first, name: "new", id: "555555555555" },
      { ...second, id: "666666666666" },
    ];
    await foundAccounts(moto.endpoint, [{ name: "new", id: "555555555555" }]);
    await assert.rejects(
      bootstrapAccounts({ ...config, accounts }, wish, new AbortController().signal, () => undefined),
      /account 666666666666 has no role arn:aws-us-gov:iam::666666666666:role\/OrganizationAccountAccessRole/,
    );
    const { Keys = [] } = await (await moto.session("555555555555")).client(KMSClient).send(new ListKeysCommand({}));
    assert.deepEqual(Keys, []);
  });

  it("keeps every version of the state", async () => {
    const usda = await moto.session("111111111111");
    const Bucket = "hms-usda-state-111111111111";
    const { Status } = await usda.client(S3Client).send(new GetBucketVersioningCommand({ Bucket }));
    assert.equal(Status, "Enabled");
  });

  it("refuses an account that nobody can enter yet, and one without an external id", async () => {
    const [first] = config.accounts;
    assert.ok(first);
    const { externalId: _, ...without } = first;
    for (const [accounts, message] of [
      [[{ ...first, state: "paired" }], /account doi is paired, nobody can enter it yet/],
      [[without], /hms:accounts\.doi\.externalId: got nothing/],
      [[], /has no accounts; register them under hms:accounts/],
    ] as const)
      await assert.rejects(
        bootstrapAccounts({ ...config, accounts }, wish, new AbortController().signal, () => undefined),
        message,
      );
  });
});
