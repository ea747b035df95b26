import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer as createFront, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { loadStackFile } from "../../config/stackFile";
import { targetsOf } from "../../config/targets";
import { roleArnOf, type Account } from "../../core/account/account";
import { EMULATED_REGION } from "../../platform/aws/emulator";
import { projectRoot } from "../../platform/home";
import { selfSigned } from "../../platform/servingCertificate";
import { eksCluster, mainKubeconfig } from "../../provider/account/cluster";
import { accountSession } from "../../provider/account/session";
import { neededInCluster } from "../../provider/registry/cluster";
import { Moto } from "../support/moto";
import { TestProject } from "../support/project";
import { makeRole, ROLE, USDA } from "./support/awsProject";
import { KubeProject } from "./support/kubeProject";

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

  describe("that services go to", () => {
    const authorizations: (string | undefined)[] = [];
    const clone = new TestProject("eks");
    const project = new KubeProject();
    const servers: Server[] = [];
    let cluster: { readonly endpoint: string; readonly certificateAuthority: { readonly data: string } };

    const listen = async (server: Server, host = "127.0.0.1"): Promise<number> => {
      await once(server.listen(0, host), "listening");
      servers.push(server);
      return (server.address() as AddressInfo).port;
    };

    before(async () => {
      const { certificate, key } = await selfSigned("localhost");
      const api = createServer({ cert: certificate, key }, (request, response) => {
        authorizations.push(request.headers.authorization);
        response.writeHead(401).end();
      });
      const port = await listen(api, "localhost");
      const data = Buffer.from(certificate).toString("base64");
      cluster = { endpoint: `https://localhost:${port}`, certificateAuthority: { data } };
      // The emulator makes up where its clusters are, and nobody answers there.
      const front = createFront((request, response) => void forward(request).then((text) => response.end(text)));
      const forward = async (request: IncomingMessage): Promise<string> => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { authorization = "", "content-type": type = "" } = request.headers;
        const answer = await fetch(`${moto.endpoint}${request.url ?? ""}`, {
          method: request.method ?? "GET",
          headers: { authorization, ...(type === "" ? {} : { "content-type": type }) },
          ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
        });
        const text = await answer.text();
        if (request.url !== "/clusters/policies") return text;
        const found = JSON.parse(text) as { readonly cluster: object };
        return JSON.stringify({ cluster: { ...found.cluster, ...cluster } });
      };
      const endpoint = `http://127.0.0.1:${await listen(front as unknown as Server)}`;
      clone.configure((config) => {
        const { id, region, state, clusters } = account;
        Object.assign(config, { "hms:accounts": { usda: { id, region, state, clusters } } });
        Object.assign(config, { "hms:aws": { endpoint }, "hms:targets": "accounts" });
      });
      symlinkSync(join(clone.folder, "bin"), join(project.folder, "project/bin"));
      await project.createStack();
    });
    after(() => {
      for (const server of servers) server.close();
      project.remove();
      clone.discard();
    });

    it("is reached at the address and by the authority that EKS names, with a token of the account's role", async () => {
      const [target] = targetsOf(loadStackFile(clone.folder, clone.stack));
      const component = JSON.stringify(join(projectRoot(), "components", "target.ts"));
      project.program(`require("tsx");
const { kubeconfigOf, kubernetesProvider } = require(${component});
module.exports = async () => {
  const config = ${JSON.stringify(target)};
  const provider = kubernetesProvider(config, await kubeconfigOf(config));
  new kubernetes.core.v1.ConfigMap("any", { metadata: { namespace: "policies" } }, { provider });
};`);
      const { code, text } = await project.up();
      assert.notEqual(code, 0, text);
      assert.match(text, /Unauthorized|401/);
      const [, token = ""] = /^Bearer k8s-aws-v1\.(.+)$/.exec(authorizations.at(-1) ?? "") ?? [];
      const asked = new URL(Buffer.from(token, "base64url").toString());
      assert.equal(asked.hostname, "sts.us-gov-west-1.amazonaws.com");
      assert.equal(asked.searchParams.get("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
      assert.ok(asked.searchParams.has("X-Amz-Security-Token"), "the role's own credentials, not the caller's");
      const state = project.stateText();
      assert.match(state, /pulumi:providers:kubernetes/);
      for (const told of [cluster.endpoint, cluster.certificateAuthority.data, token, "k8s-aws-v1"])
        assert.ok(!state.includes(told), told);
    });

    it("is the same in each run, so that a provider has nothing to update", async () => {
      const make = () => mainKubeconfig(loadStackFile(clone.folder, clone.stack), "usda", "bin/hms");
      const kubeconfig = await make();
      assert.equal(kubeconfig, await make());
      assert.doesNotMatch(kubeconfig ?? "", /k8s-aws-v1/);
    });
  });
});
