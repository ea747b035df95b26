import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { gatesOfTests } from "../support/gates";
import { TestProject, type Ran } from "../support/project";

/**
 * A rule that answers, and one that fails for one request in five: among those of which the first looks see a hundred and
 * more, half of them to the health path, hardly ever so few fail that a gate at 1 % passes.
 */
const ANSWER = {
  well: "answer := 1",
  withErrors: 'answer := 1\nanswer := 2 if rand.intn("request", 5) == 0',
} as const;

interface History {
  readonly services: readonly { readonly events: readonly { readonly kind: string; readonly reason?: string }[] }[];
}

describe("a release that no user asks", function () {
  this.timeout(600_000);
  const project = new TestProject("synthetic");
  let version = 0;

  const answers = (how: keyof typeof ANSWER) => {
    const file = path.join(project.folder, "examples", "drought-benefit", "policy", "load.rego");
    writeFileSync(file, `package load\nimport rego.v1\n# ${version++}\n${ANSWER[how]}\n`);
  };
  const firstStep = (more: object) => {
    project.service(
      (service) =>
        (service.strategy = [
          { weight: 10, ...more },
          { weight: 100, gates: "none" },
        ]),
    );
  };
  const deploy = () => project.deploy("--env", project.stack);
  const service = async () => {
    const [one] = (await project.status()).services;
    assert.ok(one);
    return one;
  };

  const inServiceFile = (values: object) => {
    project.edit("service.yaml", (text) => stringify({ ...(parse(text) as object), ...values }));
  };
  /** The default gates in a rhythm that keeps the test short. */
  const lookedAtFor = (within: string) => gatesOfTests({ every: "2s", within, consecutive: 2, minSamples: 60 });

  before(async () => {
    const smoke = [{ name: "the load is answered", request: { path: "/v1/data/load/answer" } }];
    inServiceFile({ smoke, kpis: lookedAtFor("14s") });
    answers("well");
    await project.init();
    const up = await project.up();
    assert.equal(up.code, 0, up.output);
    answers("well");
  });
  after(() => {
    project.remove();
  });

  it("is told from the start that its gates cannot pass, and goes back with an offer of synthetic load", async () => {
    firstStep({});
    const before = await service();
    const up = await deploy();
    assert.equal(up.code, 1, up.output);
    // The gateway counts the mover's own questions to the live color, so there may seem to be some traffic.
    assert.match(
      up.output,
      /warning: .*gate error-share needs 300 .* that takes (?:forever|about \d+ (?:h|min)), .* would do: .*synthetic: 25\/s/,
    );
    assert.match(up.lastLine, /at 10 %: error-share, p95-latency did not pass in time/);
    assert.match(
      up.lastLine,
      /users sent the release 0 requests in \d+ s, .* would do: synthetic: 20\/s; the traffic is/,
    );
    const now = await service();
    assert.deepEqual([now.live, now.weights, now.held], [before.live, before.weights, before.held]);
  });

  it("goes live by synthetic load, which is never called users' traffic", async () => {
    // From now on there is something to wait for.
    inServiceFile({ kpis: lookedAtFor("90s") });
    firstStep({ synthetic: "40/s" });
    const before = await service();
    const up = await deploy();
    assert.equal(up.code, 0, up.output);
    assert.doesNotMatch(up.output, /gate .* needs/);
    assert.match(up.output, /10 %: synthetic load, 40\/s to each color \(GET \/health, GET \/v1\/data\/load\/answer\)/);
    assert.match(up.output, /error-share 0 \(limit 0.01, \d+ synthetic requests, 0 of users\): holds, 2 of 2/);
    assert.match(up.output, /p95-latency .* synthetic requests, 0 of users\): holds, 2 of 2/);
    assert.notEqual((await service()).live, before.live);
    const history = await project.deploy("history", "--env", project.stack, "--json");
    const { services } = JSON.parse(history.output.slice(history.output.indexOf("{"))) as History;
    const last = services[0]?.events.find(({ kind }) => kind === "deploy");
    assert.match(
      last?.reason ?? "",
      /^at 10 %: error-share, p95-latency by (6\d|[7-9]\d|\d{3,}) synthetic requests, 0 of users$/,
    );
  });

  it("is held when synthetic requests meet its errors", async () => {
    const before = await service();
    let up: Ran;
    // One answer in five is an error: now and then the verification meets it first, but not eight times in a row.
    let tries = 0;
    do {
      answers("withErrors");
      up = await deploy();
    } while (/smoke test "the load is answered"/.test(up.lastLine) && ++tries < 8);
    assert.equal(up.code, 1, up.output);
    assert.match(
      up.lastLine,
      /at 10 %: error-share \S+ \(limit 0.01, \d+ synthetic requests, 0 of users\): does not hold; the traffic is back/,
    );
    const now = await service();
    assert.deepEqual([now.live, now.weights], [before.live, before.weights]);
    assert.ok(now.held.length > before.held.length);
  });
});
