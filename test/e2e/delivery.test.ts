import { strict as assert } from "node:assert";
import { Load, type LoadReport } from "../load/load";
import { GATEWAY, kubectl } from "../support/cluster";
import { TestProject } from "../support/project";

const CLAIM = JSON.stringify({
  input: {
    region: "central-valley",
    crop: "almonds",
    drought: "extreme",
    acres: 100,
    income: 250_000,
    yield: { expected: 2000, harvested: 1000 },
  },
});

describe("delivery of a service, end to end", function () {
  this.timeout(600_000);
  const project = new TestProject("delivery");

  const startLoad = (): Load =>
    Load.start({
      address: GATEWAY.address,
      host: project.host,
      path: "/v1/data/benefit/decision",
      body: CLAIM,
      requestsPerSecond: 400,
      newConnections: 0.1,
      maxSeconds: 500,
    });
  const assertNoneLost = (report: LoadReport): void => {
    assert.deepEqual(report.lost.slice(0, 5), [], `${report.lost.length} of ${report.sent} requests were lost`);
    assert.ok(
      report.answered > 0 && report.answered === report.sent,
      `${report.answered} of ${report.sent} were answered`,
    );
  };
  const live = async () => {
    const [service] = (await project.status()).services;
    assert.ok(service);
    return { color: service.live, tag: service.live && service.colors[service.live]?.tag, service };
  };

  before(() => project.init());
  after(() => {
    project.remove();
  });

  it("brings the first release up on blue", async () => {
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    assert.equal((await live()).color, "blue");
  });

  it("changes nothing the second time", async () => {
    const { code, output } = await project.up("--expect-no-changes");
    assert.equal(code, 0, output);
  });

  it("previews a new policy as: idle color gets it, traffic goes blue to green, nothing else", async () => {
    project.newPolicy("2026.2");
    const { code, output } = await project.preview();
    assert.equal(code, 0, output);
    const changes = output
      .split("\n")
      .flatMap(
        (line) => /^ [+~-]+ +(\S+) (\S+) (create|update|delete|replace)\b/.exec(line)?.slice(1, 4).join(" ") ?? [],
      );
    assert.deepEqual([...new Set(changes)].sort(), [
      "docker:index:Image drought-benefit update",
      "hms:delivery:ColorStack drought-benefit-green update",
      "hms:delivery:PolicyImage drought-benefit update",
      "hms:rollout:RolloutLease drought-benefit update",
      "hms:rollout:TrafficSwitch drought-benefit update",
      "hms:rollout:Verification drought-benefit update",
      "kubernetes:apps/v1:Deployment drought-benefit-green create",
      "kubernetes:policy/v1:PodDisruptionBudget drought-benefit-green-disruption create",
    ]);
    assert.equal((await live()).color, "blue");
  });

  it("flips under load without losing a request, and rolls back without losing one", async () => {
    const load = startLoad();
    const flipped = await project.up();
    const between = await live();
    const back = await project.deploy("rollback", "--env", project.stack);
    const report = await load.stop();
    assert.equal(flipped.code, 0, flipped.output);
    assert.equal(between.color, "green");
    assert.equal(back.code, 0, back.output);
    assert.equal((await live()).color, "blue");
    assertNoneLost(report);
    assert.ok((report.byColor.green ?? 0) > 0, "green answered while it was live");
  });

  it("moves nothing after a rollback: not with unchanged wishes, not with an unrelated change, and a second one never goes forward", async () => {
    const unchanged = await project.up("--expect-no-changes");
    assert.equal(unchanged.code, 0, unchanged.output);
    assert.match(unchanged.output, /is held since .*rolled back to/);
    project.service((service) => (service.labels = { team: "benefits" }));
    const unrelated = await project.up();
    assert.equal(unrelated.code, 0, unrelated.output);
    const again = await project.deploy("rollback", "--env", project.stack);
    assert.equal(again.code, 1);
    assert.match(again.lastLine, /there is no earlier good release to go back to/);
    const { color, service } = await live();
    assert.equal(color, "blue");
    assert.equal(service.held.length, 1);
  });

  it("goes forward again only when told to", async () => {
    const { code, output, lastLine } = await project.deploy("--env", project.stack, "--retry");
    assert.equal(code, 0, output);
    assert.equal((await live()).color, "green");
    assert.match(lastLine, /green 100 %|blue +0 %/);
  });

  it("changes replicas and adds a service without touching the first one's weights", async () => {
    const before = kubectl(
      "-n",
      project.namespace,
      "get",
      "httproute",
      "drought-benefit",
      "-o",
      "jsonpath={.metadata.generation}",
    );
    project.configure((config) => {
      const services = config["hms:services"] as Record<string, Record<string, unknown>>;
      services["drought-benefit"] = { ...services["drought-benefit"], replicas: 3 };
      services.second = { source: "examples/drought-benefit", replicas: 1, env: { REGION: "central-coast" } };
    });
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    const after = kubectl(
      "-n",
      project.namespace,
      "get",
      "httproute",
      "drought-benefit",
      "-o",
      "jsonpath={.metadata.generation}",
    );
    assert.equal(after, before);
    project.configure((config) => {
      const services = config["hms:services"] as Record<string, unknown>;
      delete services.second;
    });
    const removed = await project.up();
    assert.equal(removed.code, 0, removed.output);
  });

  interface Broken {
    readonly name: string;
    readonly breakIt: () => void;
    readonly mend: () => void;
    readonly reason: RegExp;
    /** Whether the failure is one of our gates, which hold the release. */
    readonly held: boolean;
  }
  const env = (values: Record<string, string>) => () => {
    project.service((service) => (service.env = { REGION: "central-valley", ...values }));
  };
  const broken: readonly Broken[] = [
    {
      name: "a container that crashes",
      breakIt: env({ OPA_RUN_LOG_LEVEL: "no-such-level" }),
      mend: env({}),
      reason: /crash|exited|CrashLoopBackOff/i,
      held: false,
    },
    {
      name: "an image that does not exist",
      breakIt: () => {
        project.service((service) => (service.image = `127.0.0.1:5000/nothing@sha256:${"0".repeat(64)}`));
      },
      mend: () => {
        project.service((service) => delete service.image);
      },
      reason: /not found|pull/i,
      held: false,
    },
    {
      name: "a container that never gets ready, for its health path fails",
      breakIt: () => {
        project.edit("service.yaml", (text) =>
          text.replace("path: /health", "path: /v1/no-such-path").replace("startup: 20s", "startup: 3s"),
        );
      },
      mend: () => {
        project.edit("service.yaml", (text) =>
          text.replace("path: /v1/no-such-path", "path: /health").replace("startup: 3s", "startup: 20s"),
        );
      },
      reason: /Startup probe failed: HTTP probe failed with statuscode: 404/,
      held: false,
    },
    {
      name: "a smoke test that answers wrongly",
      breakIt: () => {
        project.edit("policy/data.json", (text) =>
          text.replace(/"version": "[^"]*"/, '"version": "broken"').replace("central-valley", "nowhere"),
        );
      },
      mend: () => {
        project.edit("policy/data.json", (text) =>
          text.replace('"broken"', '"2026.2"').replace("nowhere", "central-valley"),
        );
      },
      reason: /smoke test "heavy loss in an extreme drought is paid".*expected result\.\w+ = .*, got/,
      held: true,
    },
  ];
  for (const { name, breakIt, mend, reason, held } of broken) {
    it(`survives ${name}: traffic stays, the reason is said, the next good release works`, async () => {
      const before = await live();
      breakIt();
      try {
        const load = startLoad();
        const failed = await project.deploy("--env", project.stack, "--tag", "bad");
        const report = await load.stop();
        assert.equal(failed.code, 1, failed.output);
        assert.match(failed.lastLine, reason);
        assertNoneLost(report);
        assert.equal((await live()).color, before.color);
        if (held) {
          const again = await project.preview();
          assert.notEqual(again.code, 0);
          assert.match(again.output, /is held since/);
        }
        const target = await project.deploy("rollback", "--env", project.stack, "--to", "bad");
        assert.equal(target.code, 1, "a release that failed is no rollback target");
        assert.match(target.lastLine, /no release "bad" was live here/);
      } finally {
        mend(); // a failure here is not to be the failure of every test that follows
      }
      const good = await project.up();
      assert.equal(good.code, 0, good.output);
      assert.equal((await live()).tag, before.tag);
    });
  }

  it("refuses, before anything changes, what the cluster has no room for", async () => {
    const before = await live();
    project.service((service) => (service.resources = { cpu: "500", memory: "64Mi" }));
    const refused = await project.deploy("--env", project.stack);
    project.service((service) => delete service.resources);
    assert.equal(refused.code, 1, refused.output);
    assert.match(refused.lastLine, /needs room for 3 more pods of 500 CPU and 64Mi, the cluster has room for 0/);
    const mended = await project.up("--expect-no-changes");
    assert.equal(mended.code, 0, mended.output);
    assert.deepEqual(await live(), before);
  });

  it("lets a release whose smoke test was to blame go live when told to try again", async () => {
    const before = await live();
    project.newPolicy("innocent");
    project.edit("service.yaml", (text) => text.replace("result.amount: 15375", "result.amount: 1"));
    const failed = await project.up();
    assert.notEqual(failed.code, 0, failed.output);
    project.edit("service.yaml", (text) => text.replace("result.amount: 1\n", "result.amount: 15375\n"));
    assert.notEqual((await project.preview()).code, 0, "held: the release is the same");
    const again = await project.deploy("--env", project.stack, "--retry");
    assert.equal(again.code, 0, again.output);
    assert.notEqual((await live()).color, before.color);
  });

  it("never takes the pods of the release before for the new one, neither to prove a bad one nor to refuse a good one", async () => {
    for (const round of [1, 2, 3]) {
      const before = await live();
      project.edit("policy/data.json", (text) =>
        text.replace("central-valley", "nowhere").replace(/"version": "[^"]*"/, `"version": "bad.${round}"`),
      );
      const bad = await project.up();
      assert.notEqual(bad.code, 0, `bad release ${round} was proven:\n${bad.output}`);
      assert.equal((await live()).tag, before.tag);
      project.edit("policy/data.json", (text) =>
        text.replace("nowhere", "central-valley").replace(`"bad.${round}"`, `"good.${round}"`),
      );
      const good = await project.up();
      assert.equal(good.code, 0, `good release ${round} was refused:\n${good.output}`);
      assert.notEqual((await live()).color, before.color);
    }
  });

  it("leaves the cluster as it was", async () => {
    const { code, output } = await project.pulumi("destroy", "--yes", "--skip-preview");
    assert.equal(code, 0, output);
    assert.equal(kubectl("get", "namespace", project.namespace, "--ignore-not-found"), "");
  });
});
