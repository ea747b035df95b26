import { strict as assert } from "node:assert";
import { roleArnOf, type Account } from "../../core/account/account";
import { EMULATED_REGION } from "../../platform/aws/emulator";
import { eksCluster } from "../../provider/account/cluster";
import { accountSession } from "../../provider/account/session";
import { neededInCluster } from "../../provider/registry/cluster";
import { Moto } from "../support/moto";
import { makeRole, ROLE, USDA } from "./support/awsProject";

describe("an account's cluster", function () {
  this.timeout(120_000);
  let moto: Moto;
  before(async () => {
    moto = await Moto.start();
    await makeRole(moto, USDA);
  });
  after(() => moto.stop());

  const account: Account = {
    ...{ name: "usda", id: USDA, partition: "aws-us-gov", region: EMULATED_REGION, role: ROLE },
    ...{ state: "deployable", clusters: { main: { eks: "policies" } } },
  };
  const never = new AbortController().signal;
  const session = () => accountSession("prod", account, { endpoint: moto.endpoint, fips: false });

  it("is looked up by the deploy role, and what it runs cannot be told while it does not answer", async () => {
    const eks = await import("@aws-sdk/client-eks");
    const ask = { name: "policies", roleArn: roleArnOf(account), resourcesVpcConfig: { subnetIds: [] } };
    await (await moto.session(USDA)).client(eks.EKSClient).send(new eks.CreateClusterCommand(ask));
    const kube = await eksCluster(await session(), "policies");
    assert.match(kube.server, /^https:\/\/.+\.eks\.amazonaws\.com/);
    await assert.rejects(neededInCluster(kube, "main of usda", never), /cannot reach the Kubernetes API server https/);
  });

  it("is named when there is none", async () => {
    const none = eksCluster(await session(), "not-there");
    await assert.rejects(none, /EKS cluster not-there of account 111111111111 cannot be looked up: ResourceNotFound/);
  });
});
