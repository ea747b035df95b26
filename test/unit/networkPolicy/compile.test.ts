import assert from "node:assert/strict";
import fc from "fast-check";
import type { KubeObject } from "../../../platform/kube/objects";
import { compile } from "../../../platform/networkPolicy/compile";
import type { Cluster, Pod } from "../../../platform/networkPolicy/model";
import { readPolicy } from "../../../platform/networkPolicy/read";
import { render } from "../../../platform/networkPolicy/render";
import { passes } from "./interpreter";
import { allowed, NODE, type Packet } from "./oracle";
import { cluster, packet } from "./support";

const WEB = "10.244.0.2";
const WORKER = "10.244.0.3";
const FOREIGN = "10.244.0.4";
const OUTSIDE = "192.0.2.7";

const pod = (address: string, namespace: string, app: string): Pod => ({
  uid: address,
  namespace,
  name: app,
  labels: { app },
  address,
  ports: app === "web" ? [{ name: "http", protocol: "TCP", port: 8181 }] : [],
  since: "2026-01-01T00:00:00Z",
});

/** web and worker in `shop`, a client in `other`; policies as a user writes them, all in `shop`. */
function shop(...specs: readonly object[]): Cluster {
  const policies = specs.map((spec, index) => {
    const object: KubeObject = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { namespace: "shop", name: `p${index}` },
      spec,
    };
    const { policy, problem } = readPolicy(object);
    assert.equal(problem, undefined);
    return policy;
  });
  return {
    policies,
    pods: [pod(WEB, "shop", "web"), pod(WORKER, "shop", "worker"), pod(FOREIGN, "other", "client")],
    namespaces: [
      { name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } },
      { name: "other", labels: { "kubernetes.io/metadata.name": "other", team: "tax" } },
    ],
  };
}

type Attempt = readonly [from: string, to: string, port?: number | "53/UDP" | "9/SCTP"];

function packetOf([from, to, given = 8181]: Attempt): Packet {
  const [port, protocol = "TCP"] = String(given).split("/");
  return { from, to, port: Number(port), protocol: protocol as Packet["protocol"] };
}

interface Case {
  readonly does: string;
  readonly specs: readonly object[];
  readonly lets?: readonly Attempt[];
  readonly refuses?: readonly Attempt[];
}

const all = { podSelector: {} };
const web = { podSelector: { matchLabels: { app: "web" } } };
const node = NODE.nodeAddress;

const CASES: readonly Case[] = [
  {
    does: "no policy leaves everything open",
    specs: [],
    lets: [
      [WEB, WORKER],
      [FOREIGN, WEB],
      [OUTSIDE, WEB],
      [WEB, OUTSIDE],
      [WEB, node],
    ],
  },
  {
    does: "an ingress policy without rules closes its pods to all, and leaves their own way out and other pods alone",
    specs: [{ ...web, policyTypes: ["Ingress"] }],
    lets: [
      [WEB, WORKER],
      [WEB, OUTSIDE],
      [FOREIGN, WORKER],
      [WEB, WEB],
    ],
    refuses: [
      [WORKER, WEB],
      [FOREIGN, WEB],
      [OUTSIDE, WEB],
    ],
  },
  {
    does: "policyTypes default to ingress, and to egress only where it is written",
    specs: [{ ...web, egress: [{}] }],
    lets: [[WEB, OUTSIDE]],
    refuses: [[WORKER, WEB]],
  },
  {
    does: "an egress policy without rules closes the way out, to the node too, and not the way in",
    specs: [{ ...web, policyTypes: ["Egress"] }],
    lets: [
      [WORKER, WEB],
      [OUTSIDE, WEB],
      [WEB, WEB],
      [WORKER, node],
    ],
    refuses: [
      [WEB, WORKER],
      [WEB, OUTSIDE],
      [WEB, node],
    ],
  },
  {
    does: "an empty rule allows everything, and empty lists in a rule are no lists",
    specs: [{ ...web, policyTypes: ["Ingress"], ingress: [{ from: [], ports: [] }] }],
    lets: [
      [WORKER, WEB],
      [OUTSIDE, WEB, "53/UDP"],
      [FOREIGN, WEB, 1],
    ],
  },
  {
    does: "policies add up: what one of them allows is allowed",
    specs: [
      { ...all, policyTypes: ["Ingress"] },
      { ...web, ingress: [{ from: [{ podSelector: { matchLabels: { app: "worker" } } }] }] },
      { ...web, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "tax" } } }], ports: [{ port: 80 }] }] },
    ],
    lets: [
      [WORKER, WEB],
      [FOREIGN, WEB, 80],
    ],
    refuses: [
      [FOREIGN, WEB],
      [FOREIGN, WORKER, 80],
      [OUTSIDE, WEB, 80],
    ],
  },
  {
    does: "a pod selector alone means pods of the policy's own namespace",
    specs: [{ ...web, ingress: [{ from: [{ podSelector: {} }] }] }],
    lets: [[WORKER, WEB]],
    refuses: [
      [FOREIGN, WEB],
      [OUTSIDE, WEB],
    ],
  },
  {
    does: "an empty namespace selector means pods of all namespaces, and nothing that is no pod",
    specs: [{ ...web, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    lets: [
      [WORKER, WEB],
      [FOREIGN, WEB],
    ],
    refuses: [[OUTSIDE, WEB]],
  },
  {
    does: "both selectors in one peer are both asked for, in two peers one is enough",
    specs: [
      {
        ...web,
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { team: "tax" } }, podSelector: { matchLabels: { app: "worker" } } },
            ],
          },
        ],
      },
      {
        podSelector: { matchLabels: { app: "worker" } },
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { team: "tax" } } },
              { podSelector: { matchLabels: { app: "web" } } },
            ],
          },
        ],
      },
    ],
    lets: [
      [FOREIGN, WORKER],
      [WEB, WORKER],
    ],
    refuses: [
      [FOREIGN, WEB],
      [WORKER, WEB],
    ],
  },
  {
    does: "a network is allowed without its exceptions",
    specs: [{ ...web, ingress: [{ from: [{ ipBlock: { cidr: "192.0.2.0/24", except: ["192.0.2.8/29"] } }] }] }],
    lets: [
      [OUTSIDE, WEB],
      ["192.0.2.16", WEB],
    ],
    refuses: [
      ["192.0.2.8", WEB],
      ["192.0.2.15", WEB],
      ["203.0.113.1", WEB],
      [WORKER, WEB],
    ],
  },
  {
    does: "an exception counts for its own peer alone",
    specs: [
      {
        ...web,
        policyTypes: ["Egress"],
        egress: [
          {
            to: [
              { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } },
              { podSelector: { matchLabels: { app: "worker" } } },
            ],
          },
        ],
      },
    ],
    lets: [
      [WEB, OUTSIDE],
      [WEB, WORKER],
    ],
    refuses: [
      [WEB, FOREIGN],
      [WEB, node],
      [WEB, "10.1.2.3"],
    ],
  },
  {
    does: "the node's services are reached by the node's address and port",
    specs: [
      {
        ...web,
        policyTypes: ["Egress"],
        egress: [{ to: [{ ipBlock: { cidr: `${node}/32` } }], ports: [{ port: 15432 }] }],
      },
    ],
    lets: [[WEB, node, 15432]],
    refuses: [
      [WEB, node, 6443],
      [WEB, NODE.bridgeAddress, 15432],
    ],
  },
  {
    does: "a network that holds 127.0.0.1 and not the node's address does not open the node",
    specs: [{ ...web, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "127.0.0.0/8" } }] }] }],
    refuses: [[WEB, node, 15432]],
  },
  {
    does: "ports without a protocol are TCP, without a number all of the protocol, and ranges hold both ends",
    specs: [
      {
        ...web,
        ingress: [
          { ports: [{ port: 80 }, { protocol: "UDP" }, { port: 8000, endPort: 8002 }, { protocol: "SCTP", port: 9 }] },
        ],
      },
    ],
    lets: [
      [WORKER, WEB, 80],
      [WORKER, WEB, "53/UDP"],
      [WORKER, WEB, 8000],
      [WORKER, WEB, 8002],
      [WORKER, WEB, "9/SCTP"],
    ],
    refuses: [
      [WORKER, WEB, 81],
      [WORKER, WEB, 7999],
      [WORKER, WEB, 8003],
    ],
  },
  {
    does: "a named port is the receiver's",
    specs: [
      { ...web, ingress: [{ ports: [{ port: "http" }] }] },
      {
        podSelector: { matchLabels: { app: "worker" } },
        policyTypes: ["Egress"],
        egress: [{ ports: [{ port: "http" }] }],
      },
    ],
    lets: [
      [FOREIGN, WEB, 8181],
      [WORKER, WEB, 8181],
    ],
    refuses: [
      [FOREIGN, WEB, 80],
      [WORKER, FOREIGN, 8181],
      [WORKER, OUTSIDE, 8181],
    ],
  },
  {
    does: "the way out of the sender and the way into the receiver are both asked",
    specs: [
      { podSelector: { matchLabels: { app: "worker" } }, policyTypes: ["Egress"], egress: [{ to: [web] }] },
      { ...web, ingress: [{ ports: [{ port: 80 }] }] },
    ],
    lets: [[WORKER, WEB, 80]],
    refuses: [
      [WORKER, WEB, 81],
      [WORKER, FOREIGN, 80],
    ],
  },
  {
    does: "In, NotIn, Exists and DoesNotExist select as their names say, NotIn also who has no such label",
    specs: [
      {
        podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["web", "api"] }] },
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [
                    { key: "team", operator: "NotIn", values: ["roads"] },
                    { key: "gone", operator: "DoesNotExist" },
                  ],
                },
                podSelector: {
                  matchExpressions: [
                    { key: "app", operator: "Exists" },
                    { key: "app", operator: "NotIn", values: ["worker"] },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
    lets: [[FOREIGN, WEB]],
    refuses: [
      [WORKER, WEB],
      [OUTSIDE, WEB],
    ],
  },
];

describe("network policies", () => {
  for (const { does, specs, lets = [], refuses = [] } of CASES)
    it(does, () => {
      const cluster = shop(...specs);
      const ruleset = compile(cluster, NODE);
      for (const [attempts, verdict] of [
        [lets, true],
        [refuses, false],
      ] as const)
        for (const attempt of attempts) {
          const packet = packetOf(attempt);
          assert.equal(allowed(cluster, packet), verdict, `by definition, ${attempt.join(" ")}`);
          assert.equal(passes(ruleset, packet), verdict, `compiled, ${attempt.join(" ")}`);
        }
    });

  it("let through exactly what their definition says, in any cluster", () => {
    const counts = { passed: 0, refused: 0 };
    fc.assert(
      fc.property(cluster, fc.array(packet, { minLength: 20, maxLength: 20 }), (given, packets) => {
        const ruleset = compile(given, NODE);
        for (const one of packets) {
          const expected = allowed(given, one);
          counts[expected ? "passed" : "refused"]++;
          assert.equal(passes(ruleset, one), expected, JSON.stringify(one));
        }
      }),
      { numRuns: 1500 },
    );
    // Otherwise the clusters would say nothing.
    assert.ok(counts.passed > 2000 && counts.refused > 2000, JSON.stringify(counts));
  });

  it("give the same text in whatever order they are told", () => {
    fc.assert(
      fc.property(
        cluster.chain((given) =>
          fc.tuple(
            fc.constant(given),
            fc.record({
              policies: fc.shuffledSubarray([...given.policies], { minLength: given.policies.length }),
              pods: fc.shuffledSubarray([...given.pods], { minLength: given.pods.length }),
              namespaces: fc.shuffledSubarray([...given.namespaces], { minLength: given.namespaces.length }),
            }),
          ),
        ),
        ([one, other]) => {
          assert.equal(render(compile(one, NODE)), render(compile(other, NODE)));
        },
      ),
    );
  });

  it("keep out a pod that nobody has told of yet, and everything it sends, once there is any policy", () => {
    const stranger = "10.244.7.7";
    for (const [specs, open] of [
      [[], true],
      [[{ ...web, policyTypes: ["Ingress"] }], false],
    ] as const) {
      const ruleset = compile(shop(...specs), NODE);
      assert.equal(passes(ruleset, packetOf([stranger, WORKER])), open);
      assert.equal(passes(ruleset, packetOf([WORKER, stranger])), open);
      assert.equal(passes(ruleset, packetOf([stranger, OUTSIDE])), open);
      assert.equal(passes(ruleset, packetOf([stranger, node])), open);
    }
  });

  it("count for the newer of two pods that claim one address", () => {
    const [first, ...rest] = shop({ ...web, policyTypes: ["Ingress"] }).pods;
    assert.ok(first);
    const later = { ...pod(WEB, "other", "client"), uid: "new", since: "2026-01-02T00:00:00Z" };
    const given = { ...shop({ ...web, policyTypes: ["Ingress"] }), pods: [later, first, ...rest] };
    assert.equal(passes(compile(given, NODE), packetOf([WORKER, WEB])), true);
    const earlier = { ...given, pods: [{ ...later, since: "2025-01-01T00:00:00Z" }, first, ...rest] };
    assert.equal(passes(compile(earlier, NODE), packetOf([WORKER, WEB])), false);
  });

  it("need no chain, set or rule at all in a cluster without any", () => {
    assert.equal(
      render(compile(shop(), NODE)),
      "table inet hms_network_policy\ndelete table inet hms_network_policy\ntable inet hms_network_policy {\n}\n",
    );
  });

  it("share one chain among all pods that the same policies isolate", () => {
    const pods = Array.from({ length: 200 }, (_, index) => pod(`10.244.3.${index}`, "shop", "web"));
    const text = render(compile({ ...shop({ ...web, policyTypes: ["Ingress"] }, all), pods }, NODE));
    assert.equal(text.match(/chain ingress-\d+ /g)?.length, 1);
    assert.equal(text.match(/ jump ingress-policy-/g)?.length, 2);
  });
});
