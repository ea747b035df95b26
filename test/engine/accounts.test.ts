import assert from "node:assert/strict";
import { join } from "node:path";
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import {
  BatchGetImageCommand,
  DescribeRegistryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRegistryPolicyCommand,
  GetRepositoryPolicyCommand,
  LifecyclePolicyNotFoundException,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { DescribeKeyCommand, KMSClient, ListKeysCommand, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  DeletePublicAccessBlockCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { bootstrapAccounts } from "../../cli/account/bootstrap";
import { accountsStatus } from "../../cli/account/status";
import { loadStackFile } from "../../config/stackFile";
import type { StackConfig } from "../../config/stackConfig";
import { bucketName, FREEZE_PATH, keyAlias } from "../../core/account/names";
import { wayInto, type AccountWay } from "../../core/account/way";
import { withFlag } from "../../core/freeze/change";
import type { LedgerFact } from "../../core/ledger/entry";
import type { LedgerWish } from "../../core/ledger/wish";
import type { PrunePlan } from "../../core/registry/prunePlan";
import { emptyRecord } from "../../core/rollout/record";
import { decidePrune } from "../../provider/registry/prune";
import { pruneCaseOf } from "../../provider/registry/pruneCase";
import { foundAccounts, ORGANIZATION_ROLE } from "../../platform/aws/emulator";
import { projectRoot } from "../../platform/home";
import { tellAlarms } from "../../provider/account/alarms";
import { signerSession } from "../../provider/account/session";
import { askFreeze, freezeStore } from "../../provider/freeze/look";
import { parameterStore } from "../../provider/freeze/parameterStore";
import { BucketSink } from "../../provider/ledger/bucket";
import { openLedger, readingOf } from "../../provider/ledger/open";
import { readWhole, type Witness } from "../../provider/ledger/reading";
import { Recorder } from "../../provider/ledger/recorder";
import type { WeightChange } from "../../provider/rollout/permit";
import type { RolloutStore } from "../../provider/rollout/store";
import { Moto } from "../support/moto";
import { PluginProject, type Run } from "./support/pluginProject";

const AWS_VERSION = "7.48.0";
const USDA = "111111111111";
const RELEASES = ["hms/drought-benefit", "hms/drought-benefit-north"];
const PULL_REQUESTS = ["hms/pr/drought-benefit", "hms/pr/drought-benefit-north"];

const IMAGE = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"1".repeat(64)}`, size: 2 },
  layers: [],
});

const CHANGE = {
  ...{ service: "web", namespace: "hms-test", to: "green", step: 0, evidence: [], decisions: [] },
  release: { id: "r1", tag: "v1", image: null },
  ...{ before: { blue: 100, green: 0 }, after: { blue: 0, green: 100 }, marker: "fence 1", by: "ann" },
} as unknown as Omit<WeightChange, "intent">;
const fact = (number: number): LedgerFact => ({
  ...{ event: "deployed", by: "ann", service: "web", namespace: "hms-test", reason: null, origin: `record ${number}` },
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString(),
  release: { id: `r${number}`, tag: `v${number}`, image: null },
  ...{ weights: { before: null, after: null }, gates: [], decisions: [] },
});
/** A cluster that has nothing yet, as far as a witness is concerned. */
const cluster: Witness = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };

describe("the accounts of a stack, by the engine on the emulator", function () {
  this.timeout(300_000);
  let moto: Moto;
  let project: PluginProject;
  let config: StackConfig;

  /** The program's own way to its accounts, and nothing else of it. */
  const program = (change: Partial<StackConfig> = {}): void => {
    const components = JSON.stringify(join(projectRoot(), "components", "accounts.ts"));
    project.program(`require("tsx/cjs");
const { makeAccounts } = require(${components});
module.exports = async () => {
  const made = await makeAccounts(${JSON.stringify({ ...config, ...change })}).catch((error) => {
    // The SDK draws it at length, which takes most of a minute where sources are compiled into one line.
    error.stack = undefined;
    throw error;
  });
  return Object.fromEntries([...made].map(([name, { keyArns, ledgerBucket }]) => [name, { keyArns, ledgerBucket }]));
};`);
  };
  const bootstrap = () =>
    bootstrapAccounts(
      config,
      { through: ORGANIZATION_ROLE, trusted: [], dryRun: false },
      new AbortController().signal,
      () => undefined,
    );
  const left = async () => (await accountsStatus(config, undefined, new AbortController().signal)).accounts;
  const keysIn = async (account: string): Promise<readonly string[]> => {
    const { Keys = [] } = await (await moto.session(account)).client(KMSClient).send(new ListKeysCommand({}));
    return Keys.map(({ KeyId = "" }) => KeyId);
  };
  const passes = ({ code, text }: Run): string => {
    assert.equal(code, 0, text);
    return text;
  };
  const pulumi = async (...args: readonly string[]) => project.pulumi(...args, "--stack", "test");

  const wayOf = (name: string, endpoint?: string): AccountWay => {
    const account = config.accounts.find((one) => one.name === name);
    assert.ok(account);
    return wayInto(account, endpoint === undefined ? config.aws : { ...config.aws, endpoint });
  };
  const bucketOf = (name: string): string => bucketName(wayOf(name), "ledger");
  const ledgerOf = (name: string, witness: string, endpoint?: string): LedgerWish => ({
    name: "test",
    store: { account: wayOf(name, endpoint), witnesses: [wayOf(witness, endpoint)], trust: [] },
  });

  before(async () => {
    moto = await Moto.start();
    project = new PluginProject("aws", AWS_VERSION);
    const stack = loadStackFile(projectRoot(), "emulated");
    const accounts = stack.accounts.map((one) => (one.name === "usda" ? { ...one, replicateTo: ["epa"] } : one));
    config = { ...stack, accounts, aws: { endpoint: moto.endpoint, fips: false } };
    Object.assign(project.env, {
      ...{ AWS_ACCESS_KEY_ID: "emulated", AWS_SECRET_ACCESS_KEY: "emulated" },
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    });
    program();
    await project.createStack();
    passes(await pulumi("config", "set", "--path", "pulumi:disable-default-providers[0]", "*"));
  });
  after(async () => {
    project.remove();
    await moto.stop();
  });

  it("are not touched without their role: the message names account and role, and nothing is written", async () => {
    const { code, text } = await project.up();
    assert.notEqual(code, 0);
    for (const { name, id } of config.accounts)
      assert.match(text, new RegExp(`account ${name} \\(${id}\\).*arn:aws-us-gov:iam::${id}:role/hms-deploy`, "s"));
    for (const { id } of config.accounts) assert.deepEqual(await keysIn(id), []);
  });

  it("are made from nothing", async () => {
    await bootstrap();
    const text = passes(await project.up());
    assert.match(text, /\+ \d+ created/);
    const outputs = await project.outputs();
    assert.deepEqual(Object.keys(outputs).sort(), ["doi", "epa", "usda"]);
    assert.match(JSON.stringify(outputs), /arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/);
    assert.doesNotMatch(project.stateText(), /arn:aws:/);
  });

  it("have each a registry: a repository a service, which the others' roles pull from, and copies where they are named", async () => {
    for (const { id } of config.accounts) {
      const ecr = (await moto.session(id)).client(ECRClient);
      const { repositories = [] } = await ecr.send(new DescribeRepositoriesCommand({}));
      assert.deepEqual(repositories.map(({ repositoryName }) => repositoryName).sort(), [
        ...RELEASES,
        ...PULL_REQUESTS,
      ]);
      for (const one of repositories) {
        assert.equal(one.imageTagMutability, "IMMUTABLE_WITH_EXCLUSION");
        assert.equal(one.imageScanningConfiguration?.scanOnPush, true);
        const { encryptionType, kmsKey = "" } = one.encryptionConfiguration ?? {};
        assert.equal(encryptionType, "KMS");
        assert.ok(kmsKey.startsWith(`arn:aws-us-gov:kms:us-gov-west-1:${id}:key/`), kmsKey);
      }
      for (const repositoryName of RELEASES) {
        const { policyText = "" } = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }));
        const named = new Set(policyText.match(/arn:aws-us-gov:iam::\d{12}:[^"]+/g));
        const others = config.accounts.flatMap((other) => (other.id === id ? [] : [other.id]));
        const allowed = others.flatMap((other) =>
          ["root", "role/hms-deploy"].map((who) => `arn:aws-us-gov:iam::${other}:${who}`),
        );
        assert.deepEqual(named, new Set(allowed));
        const rule = ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
        await assert.rejects(rule, LifecyclePolicyNotFoundException);
      }
    }
    const [usda, epa] = await Promise.all(
      [USDA, "222222222222"].map(async (id) => (await moto.session(id)).client(ECRClient)),
    );
    assert.ok(usda && epa);
    const { replicationConfiguration } = await usda.send(new DescribeRegistryCommand({}));
    assert.deepEqual(replicationConfiguration?.rules?.[0]?.destinations, [
      { registryId: "222222222222", region: "us-gov-west-1" },
    ]);
    const { policyText = "" } = await epa.send(new GetRegistryPolicyCommand({}));
    assert.match(policyText, /ReplicateImage/);
    assert.match(policyText, /arn:aws-us-gov:iam::111111111111:root/);
  });

  it("are unchanged by the next update, and by a refresh", async () => {
    const again = passes(await project.up("--refresh"));
    assert.doesNotMatch(again, /[+~-] \d+ (created|updated|deleted|replaced)/, again);
    passes(await pulumi("preview", "--expect-no-changes"));
    passes(await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes"));
  });

  it("show what was changed by hand, and are put right", async () => {
    const usda = await moto.session(USDA);
    const [s3, iam, kms] = [usda.client(S3Client), usda.client(IAMClient), usda.client(KMSClient)];
    const Bucket = "hms-usda-snapshots-111111111111";
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "hms-signer", PolicyName: "sign" }));
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyAlias("signing") }));
    const KeyId = KeyMetadata?.KeyId;
    const open = { Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [open] });
    await kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy }));
    const seen = passes(await pulumi("preview", "--refresh", "--diff"));
    for (const name of ["hms-usda-snapshots-public-access", "hms-usda-signer-policy", "hms-usda-key-signing"])
      assert.ok(seen.includes(name), `${name}\n${seen}`);
    passes(await project.up("--refresh"));
    const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    assert.equal(PublicAccessBlockConfiguration?.BlockPublicPolicy, true);
    assert.ok(await iam.send(new GetRolePolicyCommand({ RoleName: "hms-signer", PolicyName: "sign" })));
    passes(await pulumi("preview", "--refresh", "--expect-no-changes"));
  });

  it("leave the calendar of the freeze to people", async () => {
    const ssm = (await moto.session(USDA)).client(SSMClient);
    const Value = '{"windows":[{"name":"harvest"}]}';
    await ssm.send(new PutParameterCommand({ Name: "/hms/freeze/calendar", Value, Overwrite: true, Type: "String" }));
    passes(await project.up("--refresh"));
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: "/hms/freeze/calendar" }));
    assert.equal(Parameter?.Value, Value);
  });

  it("keep the ledger of what goes to them: signed by their own key, its checkpoints in another account", async () => {
    const ledger = await openLedger(ledgerOf("usda", "epa"), cluster);
    await ledger.checkpoint([fact(1)]);
    await (await openLedger(ledgerOf("usda", "epa"), cluster)).checkpoint([fact(1), fact(2)]);
    const { parts, keys } = await readingOf(ledgerOf("usda", "epa"), cluster, {});
    const { entries, verdict } = await readWhole(parts);
    assert.deepEqual([entries.length, verdict.findings, keys.length], [2, [], 1]);
    // Whoever has the cluster and that account has not the other one.
    const epa = (await moto.session("222222222222")).client(S3Client);
    const { Contents = [] } = await epa.send(new ListObjectsV2Command({ Bucket: bucketOf("epa") }));
    assert.deepEqual(
      Contents.map(({ Key }) => Key),
      [1, 2].map((count) => `.witness/usda/test/checkpoints/00000000000${count}.json`),
    );
    const { checkpoint, head } = (await (await openLedger(ledgerOf("epa", "usda"), cluster)).read()).verdict;
    assert.deepEqual([checkpoint, head.count], [null, 0], "what it keeps for others is none of its own ledger");
    const cut = { ...parts, sink: { ...parts.sink, where: "elsewhere", list: () => Promise.resolve([]) } };
    assert.deepEqual(
      (await readWhole(cut)).verdict.findings.map(({ kind }) => kind),
      ["cut-off", "missing"],
    );
  });

  it("are told what was meant when they cannot be reached: nothing goes forward, and going back does not wait", async () => {
    const away = ledgerOf("usda", "epa", "http://127.0.0.1:9");
    const said: string[] = [];
    const nothingOwed = { read: () => Promise.resolve({ actual: { record: emptyRecord() } }) };
    const recorder = new Recorder(
      () => openLedger(away, cluster),
      nothingOwed as unknown as RolloutStore,
      (message) => said.push(message),
    );
    const [change, signal] = [{ ...CHANGE, intent: "deploy" as const }, new AbortController().signal];
    await assert.rejects(recorder.permit(change, signal), /web: the move cannot be recorded, .*role\/hms-deploy/);
    assert.equal(await recorder.permit({ ...change, intent: "rollback" }, signal), undefined);
    assert.match(said.join("\n"), /web: going on without the ledger, which is told later/);
  });

  it("are rung for moves that went wrong, of that account alone", async () => {
    const alarms = async (): Promise<readonly (number | undefined)[]> => {
      const cloudWatch = (await moto.session(USDA)).client(CloudWatchClient);
      const { MetricAlarms: [alarm] = [] } = await cloudWatch.send(
        new DescribeAlarmsCommand({ AlarmNames: ["hms-switch-restored"] }),
      );
      const { Namespace, MetricName, Dimensions } = alarm ?? {};
      const [EndTime, StartTime] = [new Date(Date.now() + 60_000), new Date(Date.now() - 600_000)];
      const look = {
        Namespace,
        MetricName,
        Dimensions,
        StartTime,
        EndTime,
        Period: 3600,
        Statistics: ["Sum" as const],
      };
      const { Datapoints = [] } = await cloudWatch.send(new GetMetricStatisticsCommand(look));
      return Datapoints.map(({ Sum }) => Sum);
    };
    await tellAlarms("test", wayOf("usda"), [fact(1)]);
    await tellAlarms("test", wayOf("epa"), [{ ...fact(2), event: "restored" }]);
    assert.deepEqual(await alarms(), []);
    await tellAlarms("test", wayOf("usda"), [{ ...fact(2), event: "restored" }, fact(3)]);
    assert.deepEqual(await alarms(), [1]);
  });

  it("say by account and role who may not write", async () => {
    const signer = await signerSession("test", wayOf("usda"));
    const { status } = await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: "POST", body: "0" });
    assert.equal(status, 200);
    try {
      const sink = new BucketSink({ session: signer, bucket: bucketOf("usda") }, "test");
      const who = "arn:aws-us-gov:sts::111111111111:assumed-role/hms-signer/hms-test";
      await assert.rejects(
        sink.create("entries", 3, "x"),
        new RegExp(`of account 111111111111.* for ${who}: AccessDenied`),
      );
      await assert.rejects(
        parameterStore(signer, FREEZE_PATH).update((texts) => texts),
        new RegExp(`of account 111111111111 cannot be changed for ${who}: AccessDenied`),
      );
    } finally {
      await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: "POST", body: "inf" });
    }
  });

  it("are frozen each for itself", async () => {
    const ask = async (name: string) => {
      const place = { stack: "test", account: wayOf(name), midMove: "hold" } as const;
      const store = freezeStore(() => assert.fail("no cluster is asked"), "hms-test", place);
      return { store, decision: await askFreeze(store, { stack: "test", action: "deploy" }) };
    };
    const { store, decision } = await ask("epa");
    assert.equal(decision.frozen, false, "the baseline leaves a calendar, and nothing in it");
    assert.equal(store.where, "parameters /hms/freeze of account 222222222222");
    await store.update((texts) => withFlag(texts, { reason: "audit", who: "ann", since: null, stacks: ["test"] }));
    assert.equal((await ask("epa")).decision.frozen, true);
    assert.equal((await ask("doi")).decision.frozen, false);
    // What people raise is no part of the stack, and would outlive it.
    const ssm = (await moto.session("222222222222")).client(SSMClient);
    await ssm.send(new DeleteParameterCommand({ Name: `${FREEZE_PATH}/flag` }));
  });

  it("are all left alone when one of them is another account, which has no such role", async () => {
    const [first, ...others] = config.accounts;
    assert.ok(first);
    await foundAccounts(moto.endpoint, [{ name: "hud", id: "444444444444" }]);
    const before = await keysIn(USDA);
    program({ accounts: [{ ...first, id: "444444444444" }, ...others] });
    const { code, text } = await project.up();
    program();
    assert.notEqual(code, 0);
    assert.match(text, /account doi \(444444444444\).*has no role arn:aws-us-gov:iam::444444444444:role\/hms-deploy/s);
    assert.deepEqual(await keysIn(USDA), before);
    assert.deepEqual(await keysIn("444444444444"), []);
  });

  it("are left alone by credentials of a wrong account, with both ids in the message", async () => {
    const before = await keysIn(USDA);
    const iam = (await moto.session("444444444444")).client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: "stranger" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "stranger" }));
    const own = { ...project.env };
    Object.assign(project.env, {
      AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey,
    });
    const { code, text } = await project.up();
    Object.assign(project.env, own);
    assert.notEqual(code, 0);
    for (const { name, id } of config.accounts)
      assert.match(
        text,
        new RegExp(
          `account ${name} \\(${id}\\).*role/hms-deploy of account ${id} does not trust \\S+:user/stranger of account 444444444444`,
        ),
      );
    assert.deepEqual(await keysIn(USDA), before);
  });

  it("are left empty by a destroy, but for what must outlive it, which is listed", async () => {
    const usda = await moto.session(USDA);
    for (const repositoryName of [...RELEASES.slice(0, 1), ...PULL_REQUESTS.slice(0, 1)])
      await usda.client(ECRClient).send(new PutImageCommand({ repositoryName, imageManifest: IMAGE, imageTag: "v1" }));
    passes(await pulumi("destroy", "--yes", "--skip-preview"));
    const { verdict } = await readWhole((await readingOf(ledgerOf("usda", "epa"), cluster, {})).parts);
    assert.deepEqual([verdict.head.count, verdict.findings], [2, []], "still there, and still verified");
    for (const { account, things } of await left()) {
      const { id = "" } = config.accounts.find(({ name }) => name === account) ?? {};
      const named = things.filter(({ note }) => !note.startsWith("deleted for good"));
      assert.deepEqual(
        named.map(({ kind, name }) => `${kind} ${name}`),
        [
          ...["policy hms-deploy-boundary", "role hms-deploy"],
          ...["key alias/hms/state", "key alias/hms/registry", "key alias/hms/ledger", "key alias/hms/signing"],
          ...[`bucket hms-${account}-state-${id}`, `bucket hms-${account}-ledger-${id}`],
          ...RELEASES.map((name) => `repository ${name}`),
        ],
      );
      const notes = things.flatMap(({ kind, note }) => (kind === "repository" ? [note] : []));
      assert.deepEqual(notes, account === "usda" ? ["images: 1", "empty"] : ["empty", "empty"]);
      const ledger = things.find(({ name }) => name === `hms-${account}-ledger-${id}`);
      assert.equal(ledger?.note, "locked: governance, 1 days");
      assert.equal(things.length - named.length, 1, "snapshots is in its deletion window");
    }
    const alarms = await usda.client(CloudWatchClient).send(new DescribeAlarmsCommand({}));
    assert.deepEqual(alarms.MetricAlarms, []);
  });

  it("take up ledger and images that were left, with their keys and what is in them", async () => {
    const text = passes(await project.up());
    assert.match(text, /imported/);
    passes(await pulumi("preview", "--refresh", "--expect-no-changes"));
    for (const key of ["alias/hms/ledger", "alias/hms/signing"])
      assert.equal((await left()).flatMap(({ things }) => things.filter(({ name }) => name === key)).length, 3);
    const { verdict } = await (await openLedger(ledgerOf("usda", "epa"), cluster)).read();
    assert.deepEqual([verdict.head.count, verdict.findings], [2, []]);
    const usda = (await moto.session(USDA)).client(ECRClient);
    const [repositoryName] = RELEASES;
    const ask = new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: "v1" }] });
    assert.equal((await usda.send(ask)).images?.length, 1);
    const [account] = config.accounts.filter(({ name }) => name === "usda");
    assert.ok(account);
    const plan: PrunePlan = {
      ...{ stack: "emulated", keep: 5, services: ["drought-benefit"], clusters: [], named: [] },
      registries: [{ account, aws: config.aws }],
    };
    const decided = await decidePrune(
      await pruneCaseOf({
        ...{ plan: () => plan, deployed: new Map(), apply: false, env: project.env },
        byContext: () => assert.fail("no cluster is asked"),
        signal: new AbortController().signal,
      }),
    );
    assert.deepEqual(
      decided.map(({ image: { repository, tags }, remove }) => [repository, tags, remove]),
      [[`${USDA}.dkr.ecr.us-gov-west-1.amazonaws.com/hms/drought-benefit`, ["v1"], false]],
    );
    passes(await pulumi("destroy", "--yes", "--skip-preview"));
  });
});
