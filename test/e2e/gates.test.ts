import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import path from "node:path";
import { gatesOf } from "../../core/gates/serviceGates";
import { fillQuery, type Gate, type QueryTarget } from "../../core/gates/gate";
import { AGE_QUERY, backendPattern, SAMPLES_QUERY } from "../../core/gates/traefik";
import type { Evidence } from "../../core/gates/verdict";
import { weightsFor, type Color } from "../../core/rollout/color";
import { HEADER, LABEL, SERVICE_PORT, workloadName } from "../../core/rollout/names";
import { emptyRecord } from "../../core/rollout/record";
import { probeHeader, renderRoute } from "../../core/rollout/route";
import { kpisSchema } from "../../core/service/kpi";
import { projectRoot } from "../../platform/home";
import { queryProblems, trafficPerSecond } from "../../provider/gates/checkQueries";
import { lookAt } from "../../provider/gates/look";
import { Prometheus } from "../../provider/gates/prometheus";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { GATEWAY, TestNamespace } from "../support/cluster";
import { release } from "../unit/rollout/support";

/** Gates of the example service: the defaults and its own KPI. */
function exampleGates(): Gate[] {
  const file = path.join(projectRoot(), "examples", "drought-benefit", "service.yaml");
  const { kpis } = parse(readFileSync(file, "utf8")) as { kpis: unknown };
  return gatesOf(kpisSchema.parse(kpis));
}

describe("gates, on a real Prometheus and gateway", function () {
  this.timeout(600_000);
  const TOKEN = "t0ken";
  const WINDOW = 600;
  const space = new TestNamespace("gates");
  const prometheus = new Prometheus("http://127.0.0.1:9090");
  const { signal } = new AbortController();
  const gateway = (service: string) => new DataPlane(GATEWAY.address, space.shape(service).hostnames[0] ?? "");
  const target = (service: string, color: Color): QueryTarget => ({
    service,
    color,
    namespace: space.name,
    backend: backendPattern(service, color, space.name),
  });
  const look = (gate: Gate, service: string, color: Color, other: Color): Promise<Evidence> =>
    lookAt(prometheus, gate, target(service, color), target(service, other), WINDOW, signal);
  const samples = (service: string, color: Color): Promise<number | null> =>
    prometheus.query(fillQuery(SAMPLES_QUERY, target(service, color), WINDOW), signal);
  const gate = (name: string, change: Partial<Gate> = {}): Gate => {
    const found = exampleGates().find((one) => one.name === name);
    assert.ok(found, name);
    return { ...found, ...change };
  };

  /** Waits until Prometheus has it: a few scrapes, more on a busy machine. */
  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + 90_000;
    while (!(await holds())) {
      if (Date.now() > giveUp) throw new Error(`${what} did not come about within 90 s`);
      await new Promise((again) => setTimeout(again, 250));
    }
  }

  async function ask(service: string, times: number, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const plane = gateway(service);
    for (let asked = 0; asked < times; asked++) await plane.ask({ path: "/health", headers });
  }

  /** A route with all the traffic on one color, in force, and every request that came before it counted. */
  async function route(service: string, color: Color): Promise<void> {
    const manifest = renderRoute(space.shape(service), weightsFor(color), emptyRecord(), "1");
    await space.kube.apply(manifest, { fieldManager: "hms-test", force: true });
    await gateway(service).converged({ marker: "1", color, path: "/health", deadlineMs: 60_000 });
    const since = performance.now();
    await until("a later measurement", async () => {
      const age = await prometheus.query(fillQuery(AGE_QUERY, target(service, color), WINDOW), signal);
      return age !== null && age + 0.2 < (performance.now() - since) / 1000;
    });
  }

  before(async () => {
    await space.create();
    await Promise.all([
      space.color("svc", "blue", release("r1"), { proven: true }),
      space.service("svc", "green"),
      space.probeRoute("svc", TOKEN),
      space.color("bad", "green", release("r2"), { proven: true }),
      space.service("bad", "blue"),
    ]);
    // Ready pods behind a port on which nothing listens: every answer is the gateway's 502.
    await space.kube.apply(
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: workloadName("bad", "green"), namespace: space.name },
        spec: {
          selector: { [LABEL.service]: "bad", [LABEL.color]: "green" },
          ports: [{ name: "http", port: SERVICE_PORT, targetPort: 9, protocol: "TCP" }],
        },
      },
      { fieldManager: "hms-test", force: true },
    );
    await Promise.all([route("svc", "blue"), route("bad", "green")]);
  });
  after(() => space.remove());

  it("counts users' requests to the last one, and none that came by the probe route", async () => {
    const before = (await samples("svc", "blue")) ?? 0;
    await Promise.all([ask("svc", 40), ask("svc", 25, { [HEADER.probe]: probeHeader("blue", TOKEN) })]);
    await until("40 samples", async () => ((await samples("svc", "blue")) ?? 0) >= before + 40);
    const byProbe = `sum(traefik_service_requests_total{service=~".*-svc-probe-gw-.*-svc-${space.name}-.*"})`;
    await until("25 probes", async () => (await prometheus.query(byProbe, signal)) === 25);
    assert.equal(await samples("svc", "blue"), before + 40);
  });

  it("passes a color that answers well, by the gates of the example service", async () => {
    for (const one of [gate("error-share", { minSamples: 40 }), gate("p95-latency", { minSamples: 40, floor: 5 })]) {
      const evidence = await look(one, "svc", "blue", "green");
      assert.deepEqual([evidence.verdict, evidence.why], ["pass", "holds"]);
      assert.ok((evidence.samples ?? 0) >= 40);
    }
    assert.ok(((await trafficPerSecond(prometheus, target("svc", "blue"), signal)) ?? 0) > 0);
  });

  it("cannot tell of a color that nobody has asked, and does not blame it", async () => {
    const evidence = await look(gate("error-share"), "svc", "green", "blue");
    assert.deepEqual([evidence.verdict, evidence.why], ["inconclusive", "nothing is measured of the new release"]);
  });

  it("fails a color that answers with errors, before it has had all the requests asked for", async () => {
    await ask("bad", 30);
    const failed = async () => {
      const { verdict } = await look(gate("error-share"), "bad", "green", "blue");
      return verdict === "fail";
    };
    await until("the verdict", failed);
    assert.ok(((await samples("bad", "green")) ?? 300) < 300);
  });

  it("finds nothing wrong with the gates of the example service, and names a metric that nobody knows", async () => {
    const live = target("svc", "blue");
    const mistyped = gate("error-share", {
      name: "mistyped",
      query: 'sum(rate(traefik_service_request_total{service=~"{{backend}}"}[{{window}}]))',
    });
    assert.deepEqual(await queryProblems(prometheus, [...exampleGates(), mistyped], live, signal), [
      "gate mistyped: no metric named traefik_service_request_total is known to Prometheus at http://127.0.0.1:9090; did you mean traefik_service_requests_total?",
    ]);
  });

  it("repeats what Prometheus has against a query", async () => {
    const [problem, ...others] = await queryProblems(
      prometheus,
      [gate("error-share", { query: "sum(rate(up))" })],
      null,
      signal,
    );
    assert.deepEqual(others, []);
    assert.match(problem ?? "", /^gate error-share: Prometheus refuses the query: .*expected type range vector/);
  });
});
