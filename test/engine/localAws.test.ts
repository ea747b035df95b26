import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { CreateBucketCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { EMULATED_ACCOUNTS, EMULATED_REGION, organizationRole } from "../../platform/aws/emulator";
import { openSession } from "../../platform/aws/session";
import { hmsHome } from "../../platform/home";
import { AWS, awsAddresses, awsParts, foundAwsAccounts, wantAws, wantsAws } from "../../platform/local/aws";
import { endProcess, runningDaemon, stopDaemon } from "../../platform/local/daemon";
import { loadLayout, type Layout } from "../../platform/local/layout";
import { platformParts } from "../../platform/local/parts";
import { repair } from "../../platform/local/reconcile";
import { Progress } from "../../platform/progress";
import { ensureMoto } from "../../platform/toolchain/moto";
import { freePort } from "../support/freePort";

const progress = new Progress({ write: () => undefined });

/** The parts of `--aws` alone, in a home of their own: no cluster is needed for them. */
describe("AWS on this machine", function () {
  this.timeout(240_000);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "aws-"));
  let layout: Layout;
  const bringUp = async () => {
    for (const part of awsParts(layout)) await repair(layout, part, progress, undefined);
    await foundAwsAccounts(layout, undefined);
  };
  const enter = (account: string) =>
    openSession({
      region: EMULATED_REGION,
      endpoint: awsAddresses(layout).endpoint,
      role: { arn: organizationRole(account) },
      expectedAccount: account,
    });
  const buckets = async () => {
    const { Buckets = [] } = await (await enter("111111111111")).client(S3Client).send(new ListBucketsCommand({}));
    return Buckets.map(({ Name }) => Name);
  };

  before(async () => {
    await ensureMoto({ home: hmsHome(), progress });
    fs.mkdirSync(path.join(home, "toolchain"));
    fs.symlinkSync(path.join(hmsHome(), "toolchain/moto"), path.join(home, "toolchain/moto"));
    const ports = ["AWS", "REGISTRY_USDA", "REGISTRY_EPA", "REGISTRY_DOI"];
    const chosen = await Promise.all(ports.map(async (name) => [`HMS_PORT_${name}`, String(await freePort())]));
    layout = loadLayout({ HMS_HOME: home, ...(Object.fromEntries(chosen) as Record<string, string>) });
    fs.mkdirSync(layout.run, { recursive: true });
  });
  after(async () => {
    for (const { name } of awsParts(layout)) await stopDaemon(layout, name);
    fs.rmSync(home, { recursive: true, force: true });
  });

  it("is part of the platform from the word that wants it", () => {
    const names = () => platformParts(layout, false).map(({ name }) => name);
    assert.ok(!names().includes(AWS));
    wantAws(layout);
    assert.equal(wantsAws(layout), true);
    for (const name of [AWS, "registry-usda", "registry-epa", "registry-doi"]) assert.ok(names().includes(name), name);
  });

  it("has three founded accounts, and a registry for each", async () => {
    await bringUp();
    for (const { name, id } of EMULATED_ACCOUNTS) {
      assert.equal((await enter(id)).account, id);
      const answer = await fetch(`http://${awsAddresses(layout).registries[name] ?? ""}/v2/`);
      assert.equal(answer.status, 200);
    }
  });

  it("is left alone by a second up", async () => {
    await (await enter("111111111111")).client(S3Client).send(new CreateBucketCommand({ Bucket: "of-the-first-life" }));
    await bringUp();
    assert.deepEqual(await buckets(), ["of-the-first-life"]);
  });

  it("is an empty cloud with founded accounts after its end", async () => {
    const running = runningDaemon(layout, AWS);
    assert.ok(running);
    await endProcess(running, 1_000, "SIGKILL");
    await bringUp();
    assert.deepEqual(await buckets(), []);
  });
});
