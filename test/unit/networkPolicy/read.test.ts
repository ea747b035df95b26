import assert from "node:assert/strict";
import fc from "fast-check";
import type { KubeObject } from "../../../platform/kube/objects";
import { readPod, readPolicy } from "../../../platform/networkPolicy/read";
import { addressOf, addressText, includes, networkOf, united, without } from "../../../platform/networkPolicy/ranges";

const podObject = (spec: object, status: object): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-1",
    namespace: "shop",
    uid: "u1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web" },
  },
  spec: { containers: [], ...spec },
  status,
});

const policyObject = (spec: unknown): KubeObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "p", namespace: "shop" },
  spec,
});

describe("a pod as network policies see it", () => {
  it("has its IPv4 address, its labels, and its named ports, those of sidecars too", () => {
    const containers = [{ name: "web", ports: [{ name: "http", containerPort: 80 }, { containerPort: 81 }] }];
    const initContainers = [{ name: "proxy", ports: [{ name: "dns", containerPort: 53, protocol: "UDP" }] }];
    const status = { phase: "Running", podIP: "fd00::7", podIPs: [{ ip: "fd00::7" }, { ip: "10.244.0.7" }] };
    assert.deepEqual(readPod(podObject({ containers, initContainers }, status)), {
      uid: "u1",
      namespace: "shop",
      name: "web-1",
      labels: { app: "web" },
      address: "10.244.0.7",
      ports: [
        { name: "http", protocol: "TCP", port: 80 },
        { name: "dns", protocol: "UDP", port: 53 },
      ],
      since: "2026-01-01T00:00:00Z",
    });
  });

  it("is none on the host's network, and none when it has ended: its address may be another's by then", () => {
    const status = { phase: "Running", podIP: "10.244.0.7" };
    assert.equal(readPod(podObject({ hostNetwork: true }, status)), undefined);
    for (const phase of ["Succeeded", "Failed"]) assert.equal(readPod(podObject({}, { ...status, phase })), undefined);
    assert.equal(readPod(podObject({}, status))?.address, "10.244.0.7");
    assert.equal(readPod(podObject({}, {}))?.address, undefined);
  });
});

describe("a policy that this program does not understand", () => {
  it("isolates its whole namespace, both ways, and says what it is about", () => {
    for (const spec of [
      undefined,
      { podSelector: { matchExpressions: [{ key: "a", operator: "Near", values: [] }] } },
      { podSelector: {}, ingress: [{ ports: [{ protocol: "QUIC", port: 1 }] }] },
      { podSelector: {}, ingress: "all" },
    ]) {
      const { policy, problem } = readPolicy(policyObject(spec));
      assert.deepEqual(policy, {
        namespace: "shop",
        name: "p",
        pods: { matchLabels: {}, matchExpressions: [] },
        ingress: [],
        egress: [],
      });
      assert.match(problem ?? "", /^spec/);
    }
  });

  it("is not one with fields that came later, as long as those it knows are right", () => {
    const { problem } = readPolicy(policyObject({ podSelector: {}, later: { mode: "strict" } }));
    assert.equal(problem, undefined);
  });

  it("is not one with a peer that names nobody: that selects nobody", () => {
    const { policy } = readPolicy(policyObject({ podSelector: {}, ingress: [{ from: [{}] }] }));
    assert.deepEqual(policy.ingress, [{ peers: [] }]);
  });
});

describe("ranges of addresses", () => {
  it("are read from networks as their mask says, and from nothing else", () => {
    assert.deepEqual(networkOf("10.1.2.3/8"), { from: addressOf("10.0.0.0"), to: addressOf("10.255.255.255") });
    assert.deepEqual(networkOf("0.0.0.0/0"), { from: 0, to: 2 ** 32 - 1 });
    assert.deepEqual(networkOf("192.0.2.7/32"), { from: addressOf("192.0.2.7"), to: addressOf("192.0.2.7") });
    for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.256/8", "fd00::/8", "10.0.0/8", ""])
      assert.equal(networkOf(text), undefined, text);
    fc.assert(fc.property(fc.ipV4(), (text) => addressText(addressOf(text) ?? -1) === text));
  });

  it("are united and cut as the sets of numbers that they are", () => {
    const range = fc.tuple(fc.nat(40), fc.nat(10)).map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 5 }), fc.array(range, { maxLength: 4 }), (given, taken) => {
        const whole = united(given);
        const rest = without(given, taken);
        for (let value = 0; value <= 55; value++) {
          assert.equal(includes(whole, value), includes(given, value));
          assert.equal(includes(rest, value), includes(given, value) && !includes(taken, value));
        }
        for (const [index, { from, to }] of rest.entries()) {
          assert.ok(from <= to);
          const next = rest[index + 1];
          assert.ok(next === undefined || to + 1 < next.from, "ranges touch");
        }
      }),
    );
  });
});
