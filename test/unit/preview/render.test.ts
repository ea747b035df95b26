import { strict as assert } from "node:assert";
import { countSteps } from "../../../core/preview/counts";
import { previewDocument } from "../../../core/preview/document";
import { readEvents } from "../../../core/preview/events";
import { previewMarkdown } from "../../../core/preview/markdown";
import { previewText } from "../../../core/preview/text";
import { deployment, image, moving, resource, urnOf } from "./support";

const SERVICE = "hms:delivery:PolicyService";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const parent = urnOf(SERVICE, "benefit");
const LINES = [
  "a line of a plugin",
  JSON.stringify({ diagnosticEvent: { severity: "debug", message: "noise" } }),
  JSON.stringify({ diagnosticEvent: { severity: "warning", message: "<{%fg 3%}>few requests<{%reset%}>\n" } }),
  resource("same", SERVICE, "benefit"),
  resource("same", DEPLOYMENT, "benefit-blue", { parent, old: deployment(2), new: deployment(2) }),
  resource("create", DEPLOYMENT, "benefit-green", { parent, new: deployment(2) }),
  resource("update", "hms:rollout:TrafficSwitch", "benefit", {
    parent,
    detailedDiff: { "weights.blue": {}, live: {} },
  }),
  resource("create-replacement", "kubernetes:core/v1:Service", "front", { new: { spec: { type: "LoadBalancer" } } }),
  resource("replace", "kubernetes:core/v1:Service", "front", {
    new: { spec: { type: "LoadBalancer" } },
    keys: ["metadata.name"],
  }),
  resource("delete-replaced", "kubernetes:core/v1:Service", "front"),
  resource("delete", "aws:s3/bucket:Bucket", "old|bucket", { protect: true }),
  JSON.stringify({
    policyEvent: { policyName: "labels", policyPackName: "hms", enforcementLevel: "advisory", message: "add a label" },
  }),
  JSON.stringify({ summaryEvent: { PolicyPacks: { hms: "1.0.0" } } }),
];
const DIGEST = `sha256:${"d".repeat(64)}`;
const documentOf = (lines: readonly string[], more: Partial<Parameters<typeof previewDocument>[0]> = {}) =>
  previewDocument({
    stack: "prod",
    digest: DIGEST,
    seen: readEvents(lines),
    facts: { services: [moving({ notes: ["a freeze is lifted by @admin"] })] },
    ...more,
  });

describe("a preview", () => {
  it("reads as text: what is taken away first, then each service, then counts and the plan", () => {
    assert.equal(
      previewText(documentOf(LINES)),
      `preview of prod: Traffic moves for benefit; 1 to create, 1 to update, 1 to replace, 1 to delete, 2 unchanged.

takes away
  replaces kubernetes:core/v1:Service front, because metadata.name changes
  deletes aws:s3/bucket:Bucket old|bucket; it is protected, so the engine will refuse

benefit
  traffic  blue (blue 100 %, green 0 %)
        -> green (blue 0 %, green 100 %)
  release  V1 (aaa) -> V2 (bbb)
  plan     traffic moves: green gets V2 (bbb); traffic goes by 1 %, 100 %
  image    built by the update
  scan     none known
  note     a freeze is lifted by @admin
  create kubernetes:apps/v1:Deployment benefit-green
  update hms:rollout:TrafficSwitch benefit [live, weights.blue]

besides services
  replace kubernetes:core/v1:Service front
  delete aws:s3/bucket:Bucket old|bucket

policies (hms 1.0.0)
  advisory labels (hms): add a label

counts, before -> after
  pods: 2 -> 4
  CPU requested: 0.1 cores -> 0.2 cores
  memory requested: 128 MiB -> 256 MiB
  load balancers: 0 -> 1
  buckets: 1 -> 0

warnings
  few requests

plan ${DIGEST}`,
    );
  });

  it("reads as Markdown, in which texts of others stay text", () => {
    assert.equal(
      previewMarkdown(documentOf(LINES)),
      `### Preview of \`prod\`

**Traffic moves for benefit; 1 to create, 1 to update, 1 to replace, 1 to delete, 2 unchanged.**

**Takes away:**

- replaces kubernetes:core/v1:Service front, because metadata.name changes
- deletes aws:s3/bucket:Bucket old\\|bucket; it is protected, so the engine will refuse

| service | traffic now | traffic after | release | plan |
| --- | --- | --- | --- | --- |
| benefit | blue (blue 100 %, green 0 %) | green (blue 0 %, green 100 %) | V1 (aaa) -\\> V2 (bbb) | traffic moves: green gets V2 (bbb); traffic goes by 1 %, 100 % |

Remarks:

- benefit: a freeze is lifted by @\u200badmin

| service | image | scan |
| --- | --- | --- |
| benefit | built by the update | none known |

policies (hms 1.0.0):

- advisory labels (hms): add a label

| counted | before | after |
| --- | --- | --- |
| pods | 2 | 4 |
| CPU requested | 0.1 cores | 0.2 cores |
| memory requested | 128 MiB | 256 MiB |
| load balancers | 0 | 1 |
| buckets | 1 | 0 |

Warnings:

- few requests

<details><summary>All 4 changes</summary>

- create kubernetes:apps/v1:Deployment benefit-green
- update hms:rollout:TrafficSwitch benefit \\[live, weights.blue\\]
- replace kubernetes:core/v1:Service front
- delete aws:s3/bucket:Bucket old\\|bucket

</details>

Plan \`${DIGEST}\`. Approve this digest; \`hms-deploy --plan <file> --approved ${DIGEST}\` applies exactly it, and refuses if the world has moved.
`,
    );
  });

  it("says a digest of an image as it is, so that it can be copied", () => {
    const settled = moving({ kind: "settled", live: { before: "blue", after: "blue" }, steps: [] });
    const scans = new Map([[image("a"), { verdict: "fail" as const, scanner: "osv", text: "1 critical" }]]);
    const document = documentOf([], { facts: { services: [settled] }, scans });
    assert.match(
      previewMarkdown(document),
      new RegExp(`\\| benefit \\| \`${image("a")}\` \\| fail \\(osv\\): 1 critical \\|`),
    );
    assert.equal(document.result, "none");
  });

  it("of something refused has no plan, and says why first", () => {
    const denied = JSON.stringify({
      policyEvent: {
        policyName: "no-public",
        policyPackName: "hms",
        enforcementLevel: "mandatory",
        message: "a bucket\nis public",
      },
    });
    const failed = JSON.stringify({ diagnosticEvent: { severity: "error", message: "benefit: held\n" } });
    const document = documentOf([denied, failed]);
    assert.deepEqual([document.result, document.digest], ["refused", null]);
    assert.deepEqual(document.refused, ["benefit: held", "policy no-public: a bucket\nis public"]);
    assert.match(previewMarkdown(document), /\*\*This update is refused\.\*\*\n\n\*\*Refused:\*\*\n\n- benefit: held/);
    assert.match(previewText(document), /no plan: nothing can be applied$/);
  });

  it("without a reason among its events takes the one it is given", () => {
    const document = documentOf([], { failure: "the engine could not be started" });
    assert.deepEqual(document.refused, ["the engine could not be started"]);
  });

  it("belongs to its account, where there are several with the same service", () => {
    const lines = [
      resource("create", SERVICE, "usda-benefit"),
      resource("create", DEPLOYMENT, "usda-benefit-blue", { parent: urnOf(SERVICE, "usda-benefit") }),
      resource("create", "hms:delivery:GovCloudAccount", "hms-usda"),
      resource("create", "aws:kms/key:Key", "state", { parent: urnOf("hms:delivery:GovCloudAccount", "hms-usda") }),
    ];
    const facts = { services: [moving({ account: "usda" }), moving({ account: "epa" })] };
    const { services, others } = documentOf(lines, { facts });
    assert.deepEqual(
      services.map(({ account, changes }) => [account, changes.map(({ name }) => name)]),
      [
        ["usda", ["usda-benefit", "usda-benefit-blue"]],
        ["epa", []],
      ],
    );
    assert.deepEqual(
      others.map(({ account, name }) => [account, name]),
      [
        ["usda", "hms-usda"],
        ["usda", "state"],
      ],
    );
  });

  it("is cut off where a comment would be too long, and still says its plan", () => {
    const many = Array.from({ length: 400 }, (_, index) => moving({ name: `service-${index}`, why: "x".repeat(400) }));
    const text = previewMarkdown(documentOf([], { facts: { services: many } }));
    assert.ok(text.length < 65_536, `${text.length} characters`);
    assert.ok(text.trimEnd().endsWith(`Plan \`${DIGEST}\`.`));
  });
});

describe("what is counted", () => {
  it("is pods with what they ask for, load balancers, buckets and keys, on both sides of a change", () => {
    const { steps } = readEvents([
      resource("update", DEPLOYMENT, "a", { old: deployment(2), new: deployment(5) }),
      resource("delete", DEPLOYMENT, "b", { old: deployment(1) }),
      resource("same", "aws:kms/key:Key", "k"),
      resource("create", "aws:s3/bucket:Bucket", "s"),
      resource("create", "kubernetes:core/v1:Service", "inside", { new: { spec: { type: "ClusterIP" } } }),
    ]);
    assert.deepEqual(countSteps(steps), {
      before: { pods: 3, cpu: 150, memory: 3 * 64 * 2 ** 20, loadBalancers: 0, buckets: 0, keys: 1 },
      after: { pods: 5, cpu: 250, memory: 5 * 64 * 2 ** 20, loadBalancers: 0, buckets: 1, keys: 1 },
    });
  });
});
