import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { asString, path } from "../../core/json";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { ASKER_IMAGE, ASKER_PORT, Asker, made, OPEN, REFUSED } from "../support/asker";
import { TestNamespace } from "../support/cluster";

const { ports } = loadLayout();

describe("network policies on the local platform", function () {
  this.timeout(600_000);

  const shop = new TestNamespace("policies-shop");
  const office = new TestNamespace("policies-office");
  const free = new TestNamespace("policies-free");
  const [web, worker] = [new Asker(shop, "web"), new Asker(shop, "worker")];
  const clerk = new Asker(office, "clerk");
  const guest = new Asker(free, "guest");
  const all = [web, worker, clerk, guest];
  const at: Record<string, string> = {};
  const gateway = `http://${CLUSTER.address}:${ports.gateway}/`;
  const api = `http://${CLUSTER.address}:${ports.apiserver}/`;
  const database = `http://${CLUSTER.address}:${ports.postgres}/`;
  const NAME = `kubernetes.default.svc.${CLUSTER.domain}`;

  const policyRef = (name: string) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    name,
    namespace: shop.name,
  });
  const policy = async (name: string, spec: object): Promise<void> => {
    const { apiVersion, kind, namespace } = policyRef(name);
    const object = { apiVersion, kind, metadata: { name, namespace }, spec };
    await shop.kube.apply(object, { fieldManager: "hms-test", force: true });
  };

  /** Asks until the outcome is the wanted one. */
  async function becomes(wanted: string, ask: () => Promise<string>, what = ""): Promise<void> {
    const began = Date.now();
    while ((await ask()) !== wanted) assert.ok(Date.now() - began < 30_000, `${what} not ${wanted} within 30 s`);
  }
  /** Asked again where there was no answer: a slow machine's looks like a refusal that is not sent. */
  const isOpen = (asker: Asker, target: string) => becomes(OPEN, () => asker.ask(target), target);

  const url = (asker: Asker): string => `http://${at[asker.name] ?? ""}:${ASKER_PORT}/health`;

  before(async () => {
    await Promise.all([shop, office, free].map((space) => space.create()));
    await Promise.all(all.map((asker) => asker.start()));
    for (const asker of all) at[asker.name] = await asker.isReady();
  });

  after(() => Promise.all([shop, office, free].map((space) => space.remove())));

  it("leave everything open where there are none", async () => {
    for (const target of [url(clerk), url(worker), gateway, api, database]) await isOpen(web, target);
    await isOpen(clerk, url(web));
    await becomes(OPEN, () => web.lookUp(NAME));
  });

  it("close a namespace both ways, but for the gateway and the probes, and leave others alone", async () => {
    await policy("deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    await becomes(REFUSED, () => clerk.ask(url(web)));
    for (const target of [url(clerk), url(worker), gateway, api, database])
      assert.equal(await web.ask(target), REFUSED, target);
    assert.equal(await web.lookUp(NAME), REFUSED);
    await isOpen(clerk, url(guest));
    for (const target of [url(clerk), gateway, database]) await isOpen(guest, target);
    await becomes(OPEN, () => guest.lookUp(NAME));
    // Long enough for a probe that does not get through to restart its pod.
    await sleep(3500);
    for (const asker of all) {
      const { ready, restarts } = await asker.state();
      assert.deepEqual({ ready, restarts }, { ready: true, restarts: 0 }, asker.name);
    }
  });

  it("let in by the labels of namespace and pod, on a port by its name", async () => {
    await policy("from-office", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": office.name } },
              podSelector: { matchLabels: { app: "clerk" } },
            },
          ],
          ports: [{ port: "http" }],
        },
      ],
    });
    await becomes(OPEN, () => clerk.ask(url(web)));
    assert.equal(await guest.ask(url(web)), REFUSED);
    assert.equal(await clerk.ask(url(worker)), REFUSED);
    await clerk.label({ app: "visitor" });
    await becomes(REFUSED, () => clerk.ask(url(web)));
    await clerk.label({ app: "clerk" });
    await becomes(OPEN, () => clerk.ask(url(web)));
  });

  it("let out to the name service alone", async () => {
    await policy("names", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
          ports: [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
          ],
        },
      ],
    });
    await becomes(OPEN, () => web.lookUp(NAME));
    for (const target of [url(clerk), gateway, api, database]) assert.equal(await web.ask(target), REFUSED, target);
  });

  it("let out to a network and port, without its exceptions", async () => {
    const toNode = (...except: readonly string[]) => ({
      podSelector: { matchLabels: { app: "worker" } },
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: "10.245.0.0/24", except } }], ports: [{ port: ports.gateway }] }],
    });
    await policy("to-node", toNode());
    await becomes(OPEN, () => worker.ask(gateway));
    for (const target of [api, database, url(clerk)]) assert.equal(await worker.ask(target), REFUSED, target);
    assert.equal(await web.ask(gateway), REFUSED);
    await policy("to-node", toNode(`${CLUSTER.address}/32`));
    await becomes(REFUSED, () => worker.ask(gateway));
  });

  it("hold for a pod from its first packet on, and cost one of an open namespace none that matters", async () => {
    const attempts = Array.from({ length: 30 }, (_, index) => ({
      ...{ method: "GET", url: url(guest), raise_error: false, timeout: "300ms", max_retry_attempts: 0 },
      headers: { attempt: String(index) },
    }));
    const query = `[answer.status_code | some request in ${JSON.stringify(attempts)}; answer := http.send(request)]`;
    const patient = `[http.send(${JSON.stringify({ ...attempts[0], timeout: "30s" })}).status_code]`;
    const runs = [
      ...[1, 2, 3, 4, 5].map((index) => ({ space: shop, name: `early-${index}`, query })),
      ...[1, 2].map((index) => ({ space: office, name: `early-${index}`, query: patient })),
    ];
    const results = await Promise.all(
      runs.map(async ({ space, name, query }) => {
        await made(space, name, {
          restartPolicy: "Never",
          containers: [{ name: "main", image: ASKER_IMAGE, args: ["eval", "--format=raw", query] }],
        });
        return { space, codes: await resultOf(space, name) };
      }),
    );
    for (const { space, codes } of results)
      assert.deepEqual([...new Set(codes)], [space === shop ? 0 : 200], JSON.stringify(codes));
  });

  async function resultOf(space: TestNamespace, name: string): Promise<readonly number[]> {
    for (const end = Date.now() + 180_000; ;) {
      const pod = await space.kube.get({ apiVersion: "v1", kind: "Pod", name, namespace: space.name });
      const phase = asString(path(pod, "status", "phase"));
      if (phase === "Succeeded" || phase === "Failed") break;
      assert.ok(Date.now() < end, `${name} did not end`);
      await sleep(100);
    }
    const { text } = await space.kube.request("GET", `/api/v1/namespaces/${space.name}/pods/${name}/log`);
    return JSON.parse(text) as number[];
  }

  it("end when they are deleted", async () => {
    for (const name of ["deny", "from-office", "names", "to-node"]) await shop.kube.delete(policyRef(name));
    await becomes(OPEN, () => web.ask(url(clerk)));
    for (const target of [url(worker), gateway, api, database]) await isOpen(web, target);
    await isOpen(clerk, url(worker));
  });
});
