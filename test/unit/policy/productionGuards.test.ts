import { UNKNOWN } from "../../../platform/rpc/values";
import { productionGuards } from "../../../policy/pulumi/rules/productionGuards";
import { describeRule, type Wanted } from "./support";

const TrafficSwitch: Wanted = { type: "hms:rollout:TrafficSwitch", inputs: { service: "web" } };
const signing = { keys: ["key.pem"] };
const scan = { failOn: "high" };
const approvedSources = { branches: ["approved/*"] };
const accepted = { owner: "platform team", reason: "images are scanned where they are built" };
const stack = (config: Readonly<Record<string, unknown>>, production = true) => ({ production, config });

describeRule(productionGuards, {
  allows: {
    "all three": [TrafficSwitch, stack({ signing, scan, approvedSources })],
    "a key of the local platform, whose place the configuration checks": [
      TrafficSwitch,
      stack({ signing: "local", scan, approvedSources }),
    ],
    "a map in which all is as usual": [TrafficSwitch, stack({ signing, scan: {}, approvedSources })],
    "going without, where somebody answers for it": [
      TrafficSwitch,
      stack({ signing, without: { scan: accepted, approvedSources: accepted } }),
    ],
    "what is no production": [TrafficSwitch, stack({}, false)],
    "resources that move nothing": [{ type: "kubernetes:apps/v1:Deployment", inputs: {} }, stack({})],
  },
  denies: {
    "no signatures": [
      TrafficSwitch,
      /^hms:signing: got nothing, with hms:production; allowed is a map that says whose signatures an image needs; write it$/,
      stack({ scan, approvedSources }),
    ],
    "no signatures, though somebody would answer for it": [
      TrafficSwitch,
      /hms:signing: got nothing/,
      stack({ scan, approvedSources, without: { signing: accepted } }),
    ],
    "no scan": [
      TrafficSwitch,
      /^hms:scan: got nothing, .*; write it, or say in hms:without\.scan who answers for going without \(owner, reason\)$/,
      stack({ signing, approvedSources, without: { approvedSources: accepted } }),
    ],
    "no approved sources": [TrafficSwitch, /^hms:approvedSources: got nothing/, stack({ signing, scan })],
    "going without, without a reason": [
      TrafficSwitch,
      /^hms:scan: got nothing/,
      stack({ signing, approvedSources, without: { scan: { owner: "platform team", reason: " " } } }),
    ],
    "a switch of which little is known yet: what the stack's file says is": [
      { ...TrafficSwitch, inputs: { release: UNKNOWN } },
      /hms:scan: got nothing/,
      stack({ signing, approvedSources }),
    ],
  },
  leavesOpen: {
    "a switch of which nothing is known": [{ ...TrafficSwitch, inputs: UNKNOWN as never }, stack({})],
  },
});
