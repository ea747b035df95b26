import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { PreviewDocument } from "../../core/preview/document";
import { path as at } from "../../core/json";
import { kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

describe("a preview, and the update by its plan", function () {
  this.timeout(600_000);
  const project = new TestProject("preview");
  const plan = path.join(project.folder, "saved.plan");
  let document: PreviewDocument;

  const route = (...args: readonly string[]): string =>
    kubectl("-n", project.namespace, ...args.slice(0, 1), "httproute", "drought-benefit", ...args.slice(1));
  const setBlue = (share: number): void => {
    const refs = JSON.parse(route("get", "-o", "jsonpath={.spec.rules[0].backendRefs}")) as { name: string }[];
    const patch = refs.map(({ name }, index) => ({
      op: "replace",
      path: `/spec/rules/0/backendRefs/${index}/weight`,
      value: name.endsWith("-blue") ? share : 100 - share,
    }));
    route("patch", "--type=json", "-p", JSON.stringify(patch));
  };

  before(async () => {
    await project.init();
    const first = await project.up();
    assert.equal(first.code, 0, first.output);
    project.newPolicy("2026.2");
  });
  after(() => {
    project.remove();
  });

  it("says what moves, what it costs, and a digest; another preview says the same digest", async () => {
    const { code, output } = await project.hms("preview", "--stack", project.stack, "--format", "json", "--save", plan);
    assert.equal(code, 0, output);
    document = JSON.parse(output.slice(output.indexOf("{\n"), output.lastIndexOf("\n}") + 2)) as PreviewDocument;
    const [service] = document.services;
    assert.deepEqual(
      [service?.kind, service?.live, service?.weights.after],
      ["deploy", { before: "blue", after: "green" }, { blue: 0, green: 100 }],
    );
    assert.deepEqual([document.counts.before.pods, document.counts.after.pods], [2, 4]);
    assert.deepEqual(document.dangers, []);
    const again = await project.hms("preview", "--stack", project.stack, "--format", "markdown");
    assert.ok(again.output.includes(`Plan \`${document.digest ?? ""}\``), again.output);
  });

  it("has no secret in its plan", () => {
    const probe = kubectl("-n", project.namespace, "get", "httproute", "drought-benefit-probe", "-o", "json");
    const headers = at(JSON.parse(probe), "spec", "rules", 0, "matches", 0, "headers") as { value: string }[];
    const tokens = headers.map(({ value }) => value.replace(/^.*[^0-9A-Za-z]/, "")).filter((one) => one.length >= 32);
    assert.ok(tokens.length > 0, probe);
    const text = readFileSync(plan, "utf8");
    assert.deepEqual(
      tokens.filter((token) => text.includes(token)),
      [],
    );
  });

  it("is applied by nothing once somebody else has moved the traffic", async () => {
    setBlue(90);
    const { code, output } = await project.deploy("--plan", plan);
    setBlue(100);
    assert.equal(code, 1, output);
    assert.match(output, /weights: the plan was made for blue 100 %, green 0 %, now it is blue 90 %, green 10 %/);
    assert.match(output, /nothing was changed; make the preview again/);
  });

  it("is applied as it was approved, by its digest, and the ledger says so", async () => {
    const { code, output } = await project.deploy("--plan", plan, "--approved", document.digest ?? "");
    assert.equal(code, 0, output);
    assert.match(output, /green 100 %/);
    const ledger = await project.hms("ledger", "list", "--stack", project.stack, "--json");
    assert.ok(ledger.output.includes(`by plan ${document.digest ?? ""}`), ledger.output);
  });
});
