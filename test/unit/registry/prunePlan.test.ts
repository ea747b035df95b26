import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { prunePlanOf } from "../../../config/prunePlan";
import type { AccountDoor } from "../../../core/account/account";
import { parsePrunePlan, type PrunePlan } from "../../../core/registry/prunePlan";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const stackFile = (name: string, letter: string, more = ""): string => `config:
  hms:namespace: hms-${name}
  hms:domain: ${name}.localhost
  hms:gateway: { name: public, namespace: gateway, address: http://127.0.0.1:8080 }
  hms:registry: registry.example.gov/${name}
  hms:prometheus: http://127.0.0.1:9090
${more}  hms:services:
    web: { image: "r/web@${digest(letter)}", port: 80, smoke: [{ name: answers, request: { path: / } }] }
`;

const ACCOUNTS = `  hms:accounts:
    doi: { id: "333333333333", region: us-gov-west-1, state: invited, clusters: { main: { eks: main } } }
    epa:
      id: "222222222222"
      region: us-gov-west-1
      state: baselined
      registry: 127.0.0.1:5002
      clusters: { main: { kubeContext: epa-east } }
    usda: { id: "111111111111", region: us-gov-west-1, state: deployable, externalId: hms-usda, clusters: { main: { eks: main } } }
`;

const USDA: AccountDoor = {
  ...{ name: "usda", id: "111111111111", partition: "aws-us-gov" as const, region: "us-gov-west-1" },
  ...{ role: "hms-deploy", externalId: "hms-usda" },
};

describe("a plan of what pruning looks at", () => {
  let root = "";
  before(() => {
    root = mkdtempSync(path.join(tmpdir(), "hms-prune-plan-"));
    writeFileSync(path.join(root, "Pulumi.prod.yaml"), stackFile("prod", "a", `  hms:kubeContext: east\n${ACCOUNTS}`));
    writeFileSync(path.join(root, "Pulumi.dev.yaml"), stackFile("dev", "b"));
    writeFileSync(path.join(root, "Pulumi.sbx-1.yaml"), `config: { "hms:services": "r/web@${digest("c")}" }\n`);
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it("has the stack's registries, and every cluster of every stack", () => {
    assert.deepEqual(prunePlanOf(root, "prod", 5, "lasting"), {
      ...{ stack: "prod", keep: 5, services: ["web"] },
      registries: [
        { address: "registry.example.gov/prod" },
        { address: "127.0.0.1:5002" },
        { account: USDA, aws: { fips: true } },
      ],
      clusters: [
        { name: "hms-local", stack: "dev", reach: { context: "hms-local" } },
        { name: "east", stack: "prod", reach: { context: "east" } },
        { name: "epa-east", stack: "prod", reach: { context: "epa-east" } },
        { name: "main of usda", stack: "prod", reach: { eks: "main", account: USDA, aws: { fips: true } } },
      ],
      named: [
        { digest: digest("b"), why: "Pulumi.dev.yaml" },
        { digest: digest("a"), why: "Pulumi.prod.yaml" },
      ],
    } satisfies PrunePlan);
  });

  it("counts what sandboxes of this clone name for whoever runs here, and not for a pod", () => {
    const named = (names: "all" | "lasting") => prunePlanOf(root, "prod", 5, names).named.map((use) => use.digest);
    assert.ok(named("all").includes(digest("c")));
    assert.ok(!named("lasting").includes(digest("c")));
  });

  it("is not made while a file of any stack is wrong: its cluster would be overlooked", () => {
    const file = path.join(root, "Pulumi.staging.yaml");
    writeFileSync(file, "config: { hms:kubeContext: west }\n");
    assert.throws(() => prunePlanOf(root, "prod", 5, "lasting"), /configuration of stack staging/);
    rmSync(file);
  });

  it("comes back from its text as it was", () => {
    const plan = prunePlanOf(root, "prod", 5, "lasting");
    assert.deepEqual(parsePrunePlan(JSON.stringify(plan), "plan.json"), plan);
  });

  const refused: Readonly<Record<string, readonly [(plan: PrunePlan) => unknown, RegExp]>> = {
    "that is cut off": [() => undefined, /plan\.json is no JSON/],
    "without a cluster": [(plan) => ({ ...plan, clusters: [] }), /is no plan of this version: clusters/],
    "with a key of another version": [(plan) => ({ ...plan, sites: ["plant"] }), /sites/],
    "with a way to a cluster that is not known": [
      (plan) => ({ ...plan, clusters: [{ name: "plant", stack: "prod", reach: { host: "10.0.0.1" } }] }),
      /clusters\.0\.reach/,
    ],
    "with half a digest": [(plan) => ({ ...plan, named: [{ digest: "sha256:abc", why: "x" }] }), /named\.0\.digest/],
  };
  for (const [what, [change, message]] of Object.entries(refused))
    it(`is refused ${what}`, () => {
      const text = JSON.stringify(change(prunePlanOf(root, "prod", 5, "lasting"))) ?? "{";
      assert.throws(() => parsePrunePlan(text, "plan.json"), message);
    });
});
