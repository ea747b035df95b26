import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { Load, type LoadReport } from "../load/load";
import { GATEWAY } from "../support/cluster";
import { gatesOfTests } from "../support/gates";
import { TestProject } from "../support/project";

/**
 * A rule that answers at once, one that fails for one request in three, and one that takes its time. A gate that passes
 * twice has seen 40 requests: with one error in twenty, one run in eight would see none in them. What rare errors are
 * caught by is the subject of the switch harness.
 */
const ANSWER = {
  well: "answer := 1",
  withErrors: 'answer := 1\nanswer := 2 if rand.intn("request", 3) == 0',
  // Waits for an address of the pods' network that nobody has; no processor time, whatever else the machine does.
  slowly:
    'answer := http.send({"method": "get", "url": "http://10.244.255.250/", "timeout": "500ms", "raise_error": false}).status_code',
} as const;

const STEPS = [{ weight: 10, hold: "4s" }, { weight: 50 }, { weight: 100, hold: "2s", gates: ["error-share"] }];

describe("a release that gets its traffic in steps", function () {
  this.timeout(600_000);
  const project = new TestProject("canary");
  let load: Load;
  let version = 0;

  const answers = (how: keyof typeof ANSWER) => {
    const file = path.join(project.folder, "examples", "drought-benefit", "policy", "load.rego");
    writeFileSync(file, `package load\nimport rego.v1\n# ${version++}\n${ANSWER[how]}\n`);
  };
  const gates = (change: (all: readonly { name: string }[]) => readonly object[]) => {
    project.edit("service.yaml", (text) => {
      const document = parse(text) as { kpis: readonly object[] };
      document.kpis = change(document.kpis as readonly { name: string }[]);
      return stringify(document);
    });
  };
  const strategy = (steps: readonly object[]) => {
    project.service((service) => (service.strategy = steps));
  };
  const startLoad = () =>
    Load.start({
      address: GATEWAY.address,
      host: project.host,
      path: "/v1/data/load/answer",
      requestsPerSecond: 100,
      newConnections: 0.1,
      maxSeconds: 500,
    });
  const underLoad = async <T>(act: () => Promise<T>): Promise<readonly [T, LoadReport]> => {
    load = startLoad();
    try {
      // The gates compare with what the live color does: it must be seen doing something first.
      await new Promise((done) => setTimeout(done, 5000));
      const result = await act();
      return [result, await load.stop()];
    } finally {
      await load.stop();
    }
  };
  const service = async () => {
    const { services } = await project.status();
    const [one] = services;
    assert.ok(one);
    return one;
  };

  before(async () => {
    // The same gates as by default, looked at more often, so that the test is short.
    gates(() => gatesOfTests({ every: "2s", within: "3m", consecutive: 2, minSamples: 20 }));
    answers("well");
    await project.init();
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    strategy(STEPS);
  });
  after(() => {
    project.remove();
  });

  it("goes through its steps when its gates pass, and loses nothing", async () => {
    const { live } = await service();
    answers("well");
    const [up, report] = await underLoad(() => project.up());
    assert.equal(up.code, 0, up.output);
    assert.match(up.output, /10 % to green/);
    assert.match(up.output, /50 % to green, \d+ s: .*error-share 0 \(limit 0.01, \d+ requests\): holds/);
    assert.equal(report.lost.length, 0);
    assert.notEqual((await service()).live, live);
  });

  for (const [how, gate] of [
    ["withErrors", "error-share"],
    ["slowly", "p95-latency"],
  ] as const) {
    it(`puts the traffic back when it answers ${how === "slowly" ? how : "with errors"}, and holds the release`, async () => {
      const before = await service();
      answers(how);
      const [up] = await underLoad(() => project.deploy("--env", project.stack));
      assert.equal(up.code, 1, up.output);
      assert.match(
        up.lastLine,
        new RegExp(`at 10 %: ${gate} \\S+ \\(.*does not hold; the traffic is back on ${before.live}`),
      );
      const now = await service();
      assert.deepEqual([now.live, now.weights, now.phase], [before.live, before.weights, "live"]);
      assert.equal(now.held.length, before.held.length + 1);
      const again = await project.preview();
      assert.match(again.output, /is held since .*does not hold/);
    });
  }

  it("refuses a mistyped metric at preview, and names the right one", async () => {
    answers("well");
    const query = 'rate(traefik_service_request_total{service=~"{{backend}}"}[{{window}}])';
    const mistyped = { name: "mistyped", query, comparison: ">", limit: 0 };
    gates((all) => [...all, mistyped]);
    const preview = await project.preview();
    assert.notEqual(preview.code, 0);
    assert.match(
      preview.output,
      /no metric named traefik_service_request_total .*did you mean traefik_service_requests_total/,
    );
    gates((all) => all.filter(({ name }) => name !== mistyped.name));
  });

  it("parks at a pause; the same again moves nothing; promote finishes", async () => {
    const before = await service();
    strategy([{ weight: 10, pause: "1h" }, { weight: 100 }]);
    answers("well");
    const [up] = await underLoad(() => project.deploy("--env", project.stack));
    assert.equal(up.code, 0, up.output);
    assert.match(up.output, /10% traffic healthy \(p95=\d+ ms\)/);
    const parked = await service();
    assert.deepEqual([parked.phase, parked.live], ["parked", before.live]);
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.output);
    assert.deepEqual((await service()).weights, parked.weights);
    const [promoted, report] = await underLoad(() => project.deploy("promote", "--env", project.stack));
    assert.equal(promoted.code, 0, promoted.output);
    assert.equal(report.lost.length, 0);
    const now = await service();
    assert.deepEqual([now.phase, now.live === before.live], ["live", false]);
    const settled = await project.up("--expect-no-changes");
    assert.equal(settled.code, 0, settled.output);
  });

  it("parks where --traffic says; rollback ends it, and the next update leaves it alone", async () => {
    const before = await service();
    strategy(STEPS);
    answers("well");
    const [up] = await underLoad(() => project.deploy("--env", project.stack, "--traffic", "5%"));
    assert.equal(up.code, 0, up.output);
    assert.deepEqual((await service()).phase, "parked");
    const [back, report] = await underLoad(() => project.deploy("rollback", "--env", project.stack));
    assert.equal(back.code, 0, back.output);
    assert.equal(report.lost.length, 0);
    assert.deepEqual((await service()).weights, before.weights);
    const kept = await project.up();
    assert.equal(kept.code, 0, kept.output);
    assert.match(kept.output, /is held since .*rolled back by/);
    assert.deepEqual((await service()).weights, before.weights);
  });

  it("is given up by abort while an update is moving it elsewhere", async () => {
    const before = await service();
    strategy([{ weight: 20, hold: "5m", gates: "none" }, { weight: 100 }]);
    answers("well");
    const moving = project.deploy("--env", project.stack);
    while ((await service()).weights?.[before.live === "blue" ? "green" : "blue"] !== 20)
      await new Promise((done) => setTimeout(done, 200));
    const aborted = await project.deploy("abort", "--env", project.stack);
    assert.equal(aborted.code, 0, aborted.output);
    assert.match(aborted.output, /aborted by .*the traffic is back on/);
    const update = await moving;
    assert.equal(update.code, 1, update.output);
    assert.match(update.lastLine, /it decides where the traffic goes now/);
    assert.deepEqual((await service()).weights, before.weights);
  });

  it("moves nothing while Prometheus is away, and says what is missing", async () => {
    const before = await service();
    strategy(STEPS);
    answers("well");
    project.configure((config) => (config["hms:prometheus"] = "http://127.0.0.1:9"));
    const up = await project.deploy("--env", project.stack);
    assert.equal(up.code, 1, up.output);
    assert.match(up.lastLine, /Prometheus|127\.0\.0\.1:9/);
    assert.deepEqual((await service()).weights, before.weights);
  });
});
