import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadLayout } from "../../platform/local/layout";
import { kubeconfigText } from "../../platform/local/pki";
import { probeHttp } from "../../platform/local/probe";
import { runAgent } from "../../platform/networkPolicy/agent";
import { NODE } from "../unit/networkPolicy/oracle";
import { TestNamespace } from "../support/cluster";
import { lackOf, PodNetwork } from "./support/podNetwork";

const [WEB, CLIENT, LATE] = ["10.244.250.2", "10.244.250.3", "10.244.250.4"];
const REFUSED = "EHOSTUNREACH";
const layout = loadLayout();

/** The way to the API server, closed until a test opens it. Its port is kept all the time, lest somebody else gets it. */
class Passage {
  private server: net.Server | undefined;
  private isOpen = false;
  private readonly sockets = new Set<net.Socket>();
  port = 0;

  async make(): Promise<void> {
    const { hostname, port } = new URL(layout.apiUrl);
    this.server = net.createServer((near) => {
      if (!this.isOpen) {
        near.destroy();
        return;
      }
      const far = net.connect(Number(port), hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          other.destroy();
          this.sockets.delete(socket);
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((done) => this.server?.listen(0, "127.0.0.1", done));
    this.port = (this.server.address() as net.AddressInfo).port;
  }

  open(): void {
    this.isOpen = true;
  }

  close(): void {
    this.isOpen = false;
    for (const socket of this.sockets) socket.destroy();
  }

  end(): void {
    this.close();
    this.server?.close();
  }
}

describe("the network policy agent", function () {
  this.timeout(120_000);

  const shop = new TestNamespace("netpol-shop");
  const other = new TestNamespace("netpol-other");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-agent-"));
  const socket = path.join(folder, "agent.sock");
  const notes = path.join(folder, "notes");
  const passage = new Passage();
  const said: string[] = [];
  let network: PodNetwork;
  let stop: AbortController;
  let ended: Promise<void> = Promise.resolve();

  const health = () => probeHttp({ socketPath: socket, path: "/" });

  async function until(what: string, holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
    const began = Date.now();
    while (!(await holds())) {
      assert.ok(Date.now() - began < withinMs, `${what}: not within ${withinMs} ms; it said\n${said.join("\n")}`);
      await sleep(20);
    }
  }

  const attempt = (from: string, to: string, patienceMs?: number) =>
    network.pod(from).connect("TCP", to, 80, patienceMs);
  const becomes = (outcome: string, from = CLIENT, to = WEB) =>
    until(`${from} to ${to} ${outcome}`, async () => (await attempt(from, to, 400)) === outcome);

  function start(): void {
    stop = new AbortController();
    const kubeconfig = path.join(folder, "kubeconfig");
    fs.writeFileSync(
      kubeconfig,
      kubeconfigText(layout, "admin").replaceAll(layout.apiUrl, `https://127.0.0.1:${passage.port}`),
    );
    ended = runAgent(
      { kubeconfig, socket, notes: { folder: notes, network: "hms" }, node: NODE },
      { nft: network.nft, log: (line) => said.push(line), signal: stop.signal },
    );
  }

  /** A pod that no node runs: what it has instead is a host of the test's own network. */
  async function pod(space: TestNamespace, name: string, address?: string): Promise<string> {
    const { metadata } = await space.kube.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: space.name, labels: { app: name } },
      spec: {
        schedulerName: "nobody",
        containers: [{ name: "main", image: "nothing", ports: [{ name: "http", containerPort: 80, protocol: "TCP" }] }],
      },
    });
    if (address !== undefined)
      await space.kube.patch(
        { apiVersion: "v1", kind: "Pod", name, namespace: space.name },
        { status: { phase: "Running", podIP: address, podIPs: [{ ip: address }] } },
        { type: "merge", subresource: "status" },
      );
    return metadata.uid ?? "";
  }

  const policyRef = (name: string) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    name,
    namespace: shop.name,
  });
  const policy = (name: string, spec: object) => {
    const { namespace, ...rest } = policyRef(name);
    return shop.kube.apply(
      { apiVersion: rest.apiVersion, kind: rest.kind, metadata: { name, namespace }, spec },
      { fieldManager: "hms-test", force: true },
    );
  };
  const denyAll = () => policy("deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });

  before(async function () {
    const lack = await lackOf();
    if (lack !== undefined) {
      console.warn(`    skipped: ${lack}`);
      this.skip();
    }
    network = await PodNetwork.make([WEB, CLIENT, LATE]);
    for (const host of network.pods.values()) await host.listen("TCP", 80);
    await Promise.all([shop.create(), other.create()]);
    await pod(shop, "web", WEB);
    await pod(other, "client", CLIENT);
    await passage.make();
  });

  after(async () => {
    stop?.abort(new Error("the test is over"));
    await ended;
    passage.end();
    network?.end();
    fs.rmSync(folder, { recursive: true, force: true });
    await Promise.all([shop.remove(), other.remove()]);
  });

  it("is not ready, and changes nothing, as long as it does not know the whole cluster", async () => {
    await denyAll();
    start();
    await until("an answer", async () => (await health())?.includes("503") === true);
    await sleep(1000);
    assert.match((await health()) ?? "", /503/);
    assert.equal(await network.nft.isThere(), false);
  });

  it("says that it is ready when the rules are in force", async () => {
    passage.open();
    await until("ready", async () => (await health()) === undefined);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    assert.equal(await network.node.connect("TCP", WEB, 80), "open");
  });

  it("follows policies, labels of namespaces and labels of pods", async () => {
    await policy("allow", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "tax" } } }], ports: [{ port: "http" }] }],
    });
    await sleep(300);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    const label = (ref: object, labels: object) =>
      shop.kube.patch(
        { apiVersion: "v1", kind: "Namespace", name: other.name, ...ref },
        { metadata: { labels } },
        { type: "merge" },
      );
    await label({}, { team: "tax" });
    await becomes("open");
    const web = { kind: "Pod", name: "web", namespace: shop.name };
    await label(web, { app: "renamed" });
    await becomes(REFUSED);
    await label(web, { app: "web" });
    await becomes("open");
    await shop.kube.delete(policyRef("allow"));
    await becomes(REFUSED);
  });

  it("knows a new pod by the plugins' note, before the API server knows its address", async () => {
    const uid = await pod(other, "late");
    assert.equal(await attempt(LATE, CLIENT, 400), "silence");
    const note = {
      networkName: "hms",
      cniArgs: [["K8S_POD_UID", uid]],
      result: { ips: [{ address: `${LATE}/16` }] },
    };
    fs.writeFileSync(path.join(notes, `hms-${"0".repeat(64)}-eth0`), JSON.stringify(note));
    await becomes("open", LATE, CLIENT);
    fs.rmSync(path.join(notes, `hms-${"0".repeat(64)}-eth0`));
    await becomes("silence", LATE, CLIENT);
  });

  it("goes on with what it knows while the API server is away, and catches up with what it missed", async () => {
    passage.close();
    await sleep(500);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    assert.equal(await health(), undefined);
    await shop.kube.delete(policyRef("deny"));
    await sleep(500);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    passage.open();
    await becomes("open");
    await denyAll();
    await becomes(REFUSED);
  });

  it("puts the table back when somebody takes it away, and is not well until then", async () => {
    await network.nft.remove();
    assert.match((await health()) ?? "", /503/);
    await until("the table", () => network.nft.isThere());
    await until("ready", async () => (await health()) === undefined);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
  });

  it("leaves the rules in force when it ends, and takes them up when it starts again", async () => {
    stop.abort(new Error("the test says so"));
    await ended;
    assert.equal(await network.nft.isThere(), true);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    await shop.kube.delete(policyRef("deny"));
    await sleep(300);
    assert.equal(await attempt(CLIENT, WEB), REFUSED);
    start();
    await becomes("open");
  });
});
