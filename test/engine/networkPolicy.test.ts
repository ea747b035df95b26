import assert from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../../platform/networkPolicy/compile";
import type { Cluster, Policy } from "../../platform/networkPolicy/model";
import { readPolicy } from "../../platform/networkPolicy/read";
import { render } from "../../platform/networkPolicy/render";
import { allowed, NODE, type Packet } from "../unit/networkPolicy/oracle";
import { cluster as anyCluster, POD_ADDRESSES } from "../unit/networkPolicy/support";
import { lackOf, OUTSIDE, PodNetwork } from "./support/podNetwork";

const [WEB = "", WORKER = "", FOREIGN = "", DNS = ""] = POD_ADDRESSES;
const SERVICE = "10.96.0.7";
const NAME_SERVICE = "10.96.0.10";
const REFUSED = "EHOSTUNREACH";

const pod = (address: string, namespace: string, app: string) => ({
  uid: address,
  namespace,
  name: app,
  labels: { app },
  address,
  ports: [{ name: "http", protocol: "TCP" as const, port: 8080 }],
  since: "2026-01-01T00:00:00Z",
});

function clusterWith(...specs: readonly object[]): Cluster {
  const policies = specs.map((spec, index): Policy => {
    const metadata = { namespace: "shop", name: `p${index}` };
    return readPolicy({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec }).policy;
  });
  return {
    policies,
    pods: [
      pod(WEB, "shop", "web"),
      pod(WORKER, "shop", "worker"),
      pod(FOREIGN, "other", "client"),
      pod(DNS, "kube-system", "dns"),
    ],
    namespaces: ["shop", "other", "kube-system"].map((name) => ({ name, labels: { name } })),
  };
}

const DENY_ALL = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

describe("network policies in the kernel", function () {
  this.timeout(120_000);
  let network: PodNetwork;

  before(async function () {
    const lack = await lackOf();
    if (lack !== undefined) {
      console.warn(`    skipped: ${lack}`);
      this.skip();
    }
    network = await PodNetwork.make(POD_ADDRESSES);
    for (const host of [...network.pods.values(), network.outside]) {
      for (const port of [80, 8080]) await host.listen("TCP", port, "::");
      await host.listen("UDP", 53);
    }
    // On the node: one server on loopback alone, one on the node's address, as the platform's are.
    await network.node.listen("TCP", 15432, "127.0.0.1");
    await network.node.listen("TCP", 6443, NODE.nodeAddress);
    await network.node.listen("TCP", 80, "::");
    // What kube-proxy and the platform's entrance do, in the same hooks.
    await network.node.run(`
      iptables -t nat -A PREROUTING -d ${SERVICE}/32 -p tcp --dport 80 -j DNAT --to-destination ${WEB}:8080
      iptables -t nat -A OUTPUT -d ${SERVICE}/32 -p tcp --dport 80 -j DNAT --to-destination ${WEB}:8080
      iptables -t nat -A PREROUTING -d ${NAME_SERVICE}/32 -p udp --dport 53 -j DNAT --to-destination ${DNS}:53
      iptables -t nat -A PREROUTING -i ${NODE.bridge} -d ${NODE.nodeAddress}/32 -p tcp --dport 15432 -j DNAT --to-destination 127.0.0.1:15432
      iptables -t nat -A POSTROUTING -s ${WEB}/32 -d ${WEB}/32 -j MASQUERADE`);
  });

  after(() => {
    network?.end();
  });

  const enforce = (cluster: Cluster) => network.nft.apply(render(compile(cluster, NODE)));

  /** By its name what becomes of each attempt. */
  async function outcomes(attempts: Readonly<Record<string, Promise<string>>>): Promise<Record<string, string>> {
    const entries = Object.entries(attempts).map(async ([name, attempt]) => [name, await attempt] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  it("leave all roads open while there are none", async () => {
    await enforce(clusterWith());
    const web = network.pod(WEB);
    assert.deepEqual(
      await outcomes({
        pod: web.connect("TCP", WORKER, 80),
        datagram: web.connect("UDP", DNS, 53),
        service: network.pod(WORKER).connect("TCP", SERVICE, 80),
        itself: web.connect("TCP", SERVICE, 80),
        names: web.connect("UDP", NAME_SERVICE, 53),
        database: web.connect("TCP", NODE.nodeAddress, 15432),
        api: web.connect("TCP", NODE.nodeAddress, 6443),
        outside: web.connect("TCP", OUTSIDE, 80),
        fromOutside: network.outside.connect("TCP", WEB, 80),
        fromNode: network.node.connect("TCP", WEB, 80),
      }),
      {
        ...{ pod: "open", datagram: "open", service: "open", itself: "open", names: "open", database: "open" },
        ...{ api: "open", outside: "open", fromOutside: "open", fromNode: "open" },
      },
    );
  });

  it("close every road but those from the node and to oneself, at once and with a word", async () => {
    await enforce(clusterWith(DENY_ALL));
    const web = network.pod(WEB);
    const refused = await outcomes({
      pod: web.connect("TCP", FOREIGN, 80),
      datagram: web.connect("UDP", FOREIGN, 53),
      fromPod: network.pod(FOREIGN).connect("TCP", WEB, 80),
      sameNamespace: web.connect("TCP", WORKER, 80),
      byService: network.pod(FOREIGN).connect("TCP", SERVICE, 80),
      names: web.connect("UDP", NAME_SERVICE, 53),
      database: web.connect("TCP", NODE.nodeAddress, 15432),
      api: web.connect("TCP", NODE.nodeAddress, 6443),
      nodeOnBridge: web.connect("TCP", NODE.bridgeAddress, 80),
      outside: web.connect("TCP", OUTSIDE, 80),
      fromOutside: network.outside.connect("TCP", WEB, 80),
    });
    assert.deepEqual([...new Set(Object.values(refused))], [REFUSED], JSON.stringify(refused));
    assert.deepEqual(
      await outcomes({
        gatewayAndProbes: network.node.connect("TCP", WEB, 80),
        nodeByService: network.node.connect("TCP", SERVICE, 80),
        itself: web.connect("TCP", SERVICE, 80),
        others: network.pod(FOREIGN).connect("TCP", DNS, 80),
        othersToNode: network.pod(FOREIGN).connect("TCP", NODE.nodeAddress, 15432),
        othersOutside: network.pod(FOREIGN).connect("TCP", OUTSIDE, 80),
      }),
      {
        gatewayAndProbes: "open",
        nodeByService: "open",
        itself: "open",
        others: "open",
        othersToNode: "open",
        othersOutside: "open",
      },
    );
  });

  it("are not gone around by the IPv6 addresses that kernels give themselves", async () => {
    const text = await network.pod(WEB).run("cat /proc/net/if_inet6");
    const hex = /^(fe80[0-9a-f]{28})\s/m.exec(text)?.[1] ?? "";
    const address = `${hex.match(/.{4}/g)?.join(":") ?? ""}%eth0`;
    await enforce(clusterWith());
    assert.equal(await network.pod(FOREIGN).connect("TCP", address, 80, 2000), "open");
    await enforce(clusterWith(DENY_ALL));
    assert.equal(await network.pod(FOREIGN).connect("TCP", address, 80, 500), "silence");
  });

  it("judge a Service by the pod behind it, and what listens on the node by the node's address", async () => {
    await enforce(
      clusterWith(
        DENY_ALL,
        {
          podSelector: { matchLabels: { app: "worker" } },
          policyTypes: ["Egress"],
          egress: [
            { to: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: "http" }] },
            {
              to: [{ namespaceSelector: { matchLabels: { name: "kube-system" } } }],
              ports: [{ protocol: "UDP", port: 53 }],
            },
            { to: [{ ipBlock: { cidr: `${NODE.nodeAddress}/32` } }], ports: [{ port: 15432 }] },
          ],
        },
        {
          podSelector: { matchLabels: { app: "web" } },
          ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8000, endPort: 8100 }] }],
        },
      ),
    );
    const worker = network.pod(WORKER);
    assert.deepEqual(
      await outcomes({
        service: worker.connect("TCP", SERVICE, 80),
        pod: worker.connect("TCP", WEB, 8080),
        otherPort: worker.connect("TCP", WEB, 80),
        names: worker.connect("UDP", NAME_SERVICE, 53),
        nameServerOtherwise: worker.connect("TCP", DNS, 80),
        database: worker.connect("TCP", NODE.nodeAddress, 15432),
        api: worker.connect("TCP", NODE.nodeAddress, 6443),
        foreignByService: network.pod(FOREIGN).connect("TCP", SERVICE, 80),
      }),
      {
        ...{ service: "open", pod: "open", otherPort: REFUSED, names: "open", nameServerOtherwise: REFUSED },
        ...{ database: "open", api: REFUSED, foreignByService: REFUSED },
      },
    );
  });

  it("leave a connection alone that was there before, and refuse the next one", async () => {
    await enforce(clusterWith());
    const foreign = network.pod(FOREIGN);
    assert.equal(await foreign.keep("old", WEB, 80), "open");
    await enforce(clusterWith(DENY_ALL));
    assert.equal(await foreign.talk("old"), "open");
    assert.equal(await foreign.connect("TCP", WEB, 80), REFUSED);
  });

  it("keep out a pod that nobody has told of yet, but for what the node sends it", async () => {
    const late = "10.244.9.9";
    const host = await network.add(late);
    await host.listen("TCP", 80);
    await enforce(clusterWith(DENY_ALL));
    assert.deepEqual(
      await outcomes({
        out: host.connect("TCP", FOREIGN, 80, 500),
        toNode: host.connect("TCP", NODE.nodeAddress, 6443, 500),
        in: network.pod(FOREIGN).connect("TCP", late, 80, 500),
        fromNode: network.node.connect("TCP", late, 80),
      }),
      { out: "silence", toNode: "silence", in: "silence", fromNode: "open" },
    );
    const known = clusterWith(DENY_ALL);
    await enforce({ ...known, pods: [...known.pods, pod(late, "other", "late")] });
    assert.equal(await host.connect("TCP", FOREIGN, 80), "open");
  });

  it("replace one set of rules by another without a moment in between", async () => {
    const open = clusterWith({ podSelector: { matchLabels: { app: "worker" } }, policyTypes: ["Ingress"] });
    const script = render(compile(open, NODE));
    await network.nft.apply(script);
    let over = false;
    const replacing = (async () => {
      for (let round = 0; round < 40; round++) await network.nft.apply(script);
      over = true;
    })();
    const seen = new Map<string, number>();
    while (!over) {
      const [good, bad] = await Promise.all([
        network.pod(FOREIGN).connect("TCP", WEB, 80),
        network.pod(FOREIGN).connect("TCP", WORKER, 80),
      ]);
      for (const outcome of [`web ${good}`, `worker ${bad}`]) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    await replacing;
    assert.deepEqual([...seen.keys()].sort(), ["web open", `worker ${REFUSED}`], JSON.stringify([...seen]));
  });

  it("let through what their definition says, in clusters made at random", async () => {
    const counts = { open: 0, refused: 0 };
    for (const given of fc.sample(anyCluster, { numRuns: 25 })) {
      await enforce(given);
      // A port that an earlier round sent from would count as a connection that was there before.
      await network.forget();
      const packets: Packet[] = POD_ADDRESSES.flatMap((from) =>
        [...POD_ADDRESSES, OUTSIDE].flatMap((to): Packet[] => [
          { from, to, protocol: "TCP", port: 80 },
          { from, to, protocol: "TCP", port: 8080 },
          { from, to, protocol: "UDP", port: 53 },
        ]),
      ).filter(({ from, to }) => from !== to);
      const verdicts = await Promise.all(
        packets.map(async (packet) => {
          const expected = allowed(given, packet);
          // Silence where nothing is expected need not be waited for as long as an answer.
          const patience = expected ? 3000 : 100;
          const outcome = await network.pod(packet.from).connect(packet.protocol, packet.to, packet.port, patience);
          return { packet, expected, outcome };
        }),
      );
      for (const { packet, expected, outcome } of verdicts) {
        assert.equal(outcome === "open", expected, `${JSON.stringify(packet)}: ${outcome} in ${JSON.stringify(given)}`);
        counts[expected ? "open" : "refused"]++;
      }
    }
    assert.ok(counts.open > 100 && counts.refused > 100, JSON.stringify(counts));
  });

  it("go with the table, and nothing else goes", async () => {
    await enforce(clusterWith(DENY_ALL));
    assert.equal(await network.nft.isThere(), true);
    await network.nft.remove();
    assert.equal(await network.nft.isThere(), false);
    await network.nft.remove();
    assert.equal(await network.pod(WEB).connect("TCP", SERVICE, 80), "open");
    assert.equal(await network.pod(FOREIGN).connect("TCP", WEB, 80), "open");
  });
});
