import { LABEL } from "../../../core/rollout/names";
import { UNKNOWN, type Properties, type Value } from "../../../platform/rpc/values";
import { bothBackends } from "../../../policy/pulumi/rules/bothBackends";
import { drainSettings } from "../../../policy/pulumi/rules/drainSettings";
import { pinnedImages } from "../../../policy/pulumi/rules/pinnedImages";
import { requiredLabels } from "../../../policy/pulumi/rules/requiredLabels";
import { describeRule, type Wanted } from "./support";

const of = (type: string, inputs: Properties): Wanted => ({ type, inputs });
const DIGEST = `sha256:${"a".repeat(64)}`;
const deployment = (spec: Value, metadata: Properties = {}, podLabels: Properties = {}) =>
  of("kubernetes:apps/v1:Deployment", { metadata, spec: { template: { metadata: { labels: podLabels }, spec } } });
const running = (image: Value) => deployment({ containers: [{ name: "app", image }] });

describeRule(pinnedImages, {
  allows: {
    "an image by digest, with a tag beside it": [running(`127.0.0.1:5000/web:v1@${DIGEST}`)],
    "a migration's": [of("hms:rollout:Migration", { work: { image: `r/web@${DIGEST}` } })],
    "what runs nothing": [of("kubernetes:core/v1:ConfigMap", { data: {} })],
  },
  denies: {
    "a tag": [running("r/web:v1"), /image of container app: got "r\/web:v1"; allowed is an image by digest/],
    "a short digest": [running("r/web@sha256:abc"), /got "r\/web@sha256:abc"/],
    "a tag of what runs before the service": [
      deployment({ initContainers: [{ name: "setup", image: "r/x" }], containers: [] }),
      /container setup/,
    ],
    "a tag of a migration's": [of("hms:rollout:Migration", { work: { image: "r/web:v1" } }), /the migration/],
  },
  leavesOpen: { "an image that is still to be built": [running(UNKNOWN)], "the pods": [deployment(UNKNOWN)] },
});

const service = (color: Value, selected: Value) =>
  of("kubernetes:core/v1:Service", {
    metadata: { labels: { [LABEL.service]: "web", [LABEL.color]: color } },
    spec: { selector: { [LABEL.service]: "web", [LABEL.color]: selected } },
  });
const route = (...rules: Value[]) => of("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", { spec: { rules } });
const to = (...names: Value[]): Properties => ({ backendRefs: names.map((name) => ({ name })) });
const probe = { matches: [{ headers: [{ name: "x-hms-probe", value: "blue.token" }] }] };

describeRule(bothBackends, {
  allows: {
    "a Service that stays with its color": [service("blue", "blue")],
    "a Service of what has no colors": [of("kubernetes:core/v1:Service", { spec: { selector: { app: "x" } } })],
    "a route with both colors": [route(to("web-blue", "web-green"))],
    "one color for testers": [route({ ...probe, ...to("web-blue") })],
    "a route to what has no colors": [route(to("web"))],
  },
  denies: {
    "a flip": [service("blue", "green"), /got "green" on a Service of "blue"; a Service stays with its color/],
    "a Service that chooses a color without being of one": [
      of("kubernetes:core/v1:Service", { spec: { selector: { [LABEL.color]: "blue" } } }),
      /got "blue" on a Service of nothing/,
    ],
    "a sole backend": [route(to("web-green")), /leads to web-green alone; .*web-blue is missing/],
    "a sole backend that others than testers can match": [
      route({ matches: [{ path: { value: "/" } }, ...probe.matches], ...to("web-blue") }),
      /leads to web-blue alone/,
    ],
  },
  leavesOpen: {
    "which color": [service("blue", UNKNOWN)],
    "the backends": [route({ backendRefs: UNKNOWN }), {}],
    "a backend": [route(to("web-blue", UNKNOWN))],
  },
});

const labels = (more: Properties = {}): Properties => ({
  "hms.delivery/sandbox": "sbx-1",
  "hms.delivery/owner": "ada",
  "hms.delivery/created-at": "20261122T080000Z",
  "hms.delivery/expires-at": "20261122T160000Z",
  ...more,
});
const namespace = (all: Value) => of("kubernetes:core/v1:Namespace", { metadata: { labels: all } });
const sandbox = { stack: "sbx-1" };
const COLORED = { [LABEL.service]: "web", [LABEL.color]: "blue" };

describeRule(requiredLabels, {
  allows: {
    "a sandbox that says whose it is and when it ends": [namespace(labels()), sandbox],
    "a namespace that is no sandbox": [namespace({}), { stack: "prod" }],
    "a workload that says what it runs": [deployment({}, { labels: COLORED }, { ...COLORED, [LABEL.release]: "r1" })],
  },
  denies: {
    "a sandbox of nobody, without an end": [
      namespace({ "hms.delivery/sandbox": "sbx-1" }),
      /owner"\] is missing[\s\S]*expires-at"\] is missing/,
      sandbox,
    ],
    "a sandbox that never ends": [
      namespace(labels({ "hms.delivery/expires-at": "20991122T160000Z" })),
      /got "20991122T160000Z"; allowed is a time such as .* 31 days after/,
      sandbox,
    ],
    "an end that is no time": [namespace(labels({ "hms.delivery/expires-at": "soon" })), /got "soon"/, sandbox],
    "pods that do not say what they run": [
      deployment({}, { labels: COLORED }, COLORED),
      /labels\["hms\.delivery\/release"\] is missing/,
    ],
  },
  leavesOpen: {
    "its labels": [namespace(UNKNOWN), sandbox],
    "its end": [namespace(labels({ "hms.delivery/expires-at": UNKNOWN })), sandbox],
  },
});

const RELEASE = JSON.stringify({ id: "r1", tag: "v1", spec: { longestRequestSeconds: 30 } });
const draining = (grace: Value, sleep: Value) =>
  deployment(
    {
      terminationGracePeriodSeconds: grace,
      containers: [{ name: "web", lifecycle: { preStop: { sleep: { seconds: sleep } } } }],
    },
    { labels: COLORED, annotations: { "hms.delivery/release": RELEASE } },
  );
const budget = (spec: Properties) =>
  of("kubernetes:policy/v1:PodDisruptionBudget", { metadata: { labels: COLORED }, spec });

describeRule(drainSettings, {
  allows: {
    "what is derived": [draining(45, 5)],
    "more time than that": [draining(600, 30)],
    "pods of no color": [deployment({ terminationGracePeriodSeconds: 0 })],
    "pods that leave one at a time": [budget({ maxUnavailable: 1 })],
  },
  denies: {
    "a kill in the middle of a request": [
      draining(30, 5),
      /terminationGracePeriodSeconds: got 30; allowed is 45 or more: a request of the service may take 30 s/,
    ],
    "leaving before proxies know": [draining(45, 0), /preStop\.sleep: got 0; allowed is 5 seconds or more/],
    "pods that leave by half": [budget({ maxUnavailable: "50%" }), /got "50%"; allowed is 1/],
    "no word of it": [budget({}), /got nothing; allowed is 1/],
  },
  leavesOpen: { "the times": [draining(UNKNOWN, UNKNOWN)], "the budget": [budget({ maxUnavailable: UNKNOWN })] },
});
