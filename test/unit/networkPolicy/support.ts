import fc from "fast-check";
import type {
  Cluster,
  Labels,
  NamedPort,
  Namespace,
  Peer,
  Pod,
  Policy,
  PolicyPort,
  PolicyRule,
  Selector,
} from "../../../platform/networkPolicy/model";
import { PROTOCOLS } from "../../../platform/networkPolicy/model";
import { NODE, type Packet } from "./oracle";

const NAMES = ["a", "b", "c"];
const PORT_NAMES = ["web", "dns"];
export const POD_ADDRESSES = ["10.244.0.2", "10.244.0.3", "10.244.0.4", "10.244.1.5", "10.244.255.6"];
export const OUTSIDE = ["192.0.2.7", "10.0.0.5", "10.0.0.9", "203.0.113.1"];
const PORTS = [53, 80, 81, 8080];

/** Keys and values so few that selectors meet pods, and one key that every object has. */
const labels: fc.Arbitrary<Labels> = fc.dictionary(
  fc.constantFrom("app", "tier", "constructor"),
  fc.constantFrom("x", "y", ""),
  { maxKeys: 2, noNullPrototype: true },
);

const selector: fc.Arbitrary<Selector> = fc.record({
  matchLabels: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: labels }),
  matchExpressions: fc.array(
    fc.record({
      key: fc.constantFrom("app", "tier", "constructor"),
      operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
      values: fc.uniqueArray(fc.constantFrom("x", "y", ""), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 1 },
  ),
});

const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.record({ pods: selector }),
  fc.record({ pods: selector, namespaces: selector }),
  fc.record({
    cidr: fc.constantFrom(
      "0.0.0.0/0",
      "10.0.0.0/8",
      "10.244.0.0/16",
      "10.244.0.0/24",
      "10.245.0.1/32",
      "10.0.0.5/32",
      "fd00::/8",
    ),
    except: fc.subarray(["10.0.0.0/29", "10.244.0.3/32", "10.244.1.0/24", "10.245.0.0/24", "128.0.0.0/1"], {
      maxLength: 2,
    }),
  }),
);

const port: fc.Arbitrary<PolicyPort> = fc.oneof(
  fc.record({ protocol: fc.constantFrom(...PROTOCOLS) }),
  fc.record({
    protocol: fc.constantFrom(...PROTOCOLS),
    port: fc.constantFrom<number | string>(...PORTS, ...PORT_NAMES),
  }),
  fc.record({
    protocol: fc.constantFrom(...PROTOCOLS),
    port: fc.constantFrom(53, 80),
    endPort: fc.constantFrom(80, 81),
  }),
);

const list = <T>(items: fc.Arbitrary<T>) =>
  fc.option(fc.array(items, { minLength: 1, maxLength: 3 }), { nil: undefined });

const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>;

const rule: fc.Arbitrary<PolicyRule> = fc
  .record({ peers: list(peer), ports: list(port) })
  .map(({ peers, ports }) => ({ ...(peers && { peers }), ...(ports && { ports }) }));

const rules = fc.option(fc.array(rule, { maxLength: 2 }), { nil: undefined });

const policy = (namespaces: readonly string[]): fc.Arbitrary<Policy> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom("p", "q", "r", "s"),
      pods: selector,
      ingress: rules,
      egress: rules,
    })
    .map((value) => defined(value) as Policy);

const namedPort: fc.Arbitrary<NamedPort> = fc.record({
  name: fc.constantFrom(...PORT_NAMES),
  protocol: fc.constantFrom("TCP", "UDP"),
  port: fc.constantFrom(...PORTS),
});

const pod = (namespaces: readonly string[], address: string): fc.Arbitrary<Pod> =>
  fc.record({
    uid: fc.constant(address),
    namespace: fc.constantFrom(...namespaces),
    name: fc.constant(address),
    labels,
    address: fc.constant(address),
    ports: fc.array(namedPort, { maxLength: 2 }),
    since: fc.constant("2026-01-01T00:00:00Z"),
  });

/** A cluster small enough that everything in it meets. */
export const cluster: fc.Arbitrary<Cluster> = fc.subarray(NAMES, { minLength: 1 }).chain((names) =>
  fc.record({
    policies: fc.uniqueArray(policy(names), {
      maxLength: 4,
      selector: ({ namespace, name }) => `${namespace}/${name}`,
    }),
    pods: fc
      .subarray(POD_ADDRESSES, { minLength: 1 })
      .chain((addresses) => fc.tuple(...addresses.map((address) => pod(names, address)))),
    namespaces: fc.tuple(...names.map((name) => fc.record<Namespace>({ name: fc.constant(name), labels }))),
  }),
);

/** From or to a pod at least; what the node sends asks no rule. */
export const packet: fc.Arbitrary<Packet> = fc
  .record({
    from: fc.constantFrom(...POD_ADDRESSES, ...OUTSIDE),
    to: fc.constantFrom(...POD_ADDRESSES, ...OUTSIDE, NODE.nodeAddress, NODE.bridgeAddress),
    protocol: fc.constantFrom(...PROTOCOLS),
    port: fc.constantFrom(...PORTS, 9999),
  })
  .filter(({ from, to }) => POD_ADDRESSES.includes(from) || POD_ADDRESSES.includes(to));
