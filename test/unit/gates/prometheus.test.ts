import { strict as assert } from "node:assert";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { SAMPLES_QUERY } from "../../../core/gates/traefik";
import { queryProblems, trafficPerSecond } from "../../../provider/gates/checkQueries";
import { lookAt } from "../../../provider/gates/look";
import { Prometheus, PrometheusUnreachable, QueryRefused } from "../../../provider/gates/prometheus";
import { latencyGate, shareGate, target } from "./support";

type Answer = readonly [status: number, body: string] | "hang" | "cut";
type Asked = { readonly query: string; readonly time: string | null };

const success = (data: unknown): Answer => [200, JSON.stringify({ status: "success", data })];
const vector = (...values: readonly string[]): Answer =>
  success({ resultType: "vector", result: values.map((value) => ({ metric: {}, value: [1795275861.998, value] })) });
const NAMES = success(["up", "traefik_service_requests_total", "waiting_seconds"]);
const BAD_DATA: Answer = [
  400,
  JSON.stringify({ status: "error", errorType: "bad_data", error: '1:8: parse error: unexpected "]"' }),
];

/** Answers as Prometheus's HTTP API does, with what a test wants it to say. */
class FakePrometheus {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Answer = () => vector();
  names: Answer = NAMES;
  private readonly server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      const form = new URLSearchParams(body);
      const asked = { query: form.get("query") ?? "", time: form.get("time") };
      if (request.url === "/api/v1/query") this.asked.push(asked);
      const answer = request.url === "/api/v1/label/__name__/values" ? this.names : this.answer(asked);
      if (answer === "cut") return void response.destroy();
      if (answer !== "hang") response.writeHead(answer[0]).end(answer[1]);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

describe("what Prometheus answers", () => {
  const fake = new FakePrometheus();
  const { signal } = new AbortController();
  let address = "";
  let prometheus: Prometheus;

  before(async () => {
    address = await fake.start();
    prometheus = new Prometheus(`${address}/`);
  });
  beforeEach(() => {
    fake.asked.length = 0;
    fake.answer = () => vector();
    fake.names = NAMES;
  });
  after(() => {
    fake.stop();
  });

  for (const [name, answer, value] of [
    ["one element", vector("0.25"), 0.25],
    ["an empty vector", vector(), null],
    ["NaN", vector("NaN"), null],
    ["infinity", vector("+Inf"), null],
    ["a scalar", success({ resultType: "scalar", result: [1, "3"] }), 3],
    ["a scalar that is none", success({ resultType: "scalar", result: [1, "-Inf"] }), null],
  ] as const) {
    it(`reads ${name} as ${value}`, async () => {
      fake.answer = () => answer;
      assert.equal(await prometheus.query("q", signal), value);
      assert.deepEqual(fake.asked, [{ query: "q", time: null }]);
    });
  }

  it("asks for another moment when told to", async () => {
    await prometheus.query("q", signal, 1795275801.5);
    assert.deepEqual(fake.asked, [{ query: "q", time: "1795275801.5" }]);
  });

  for (const [name, answer, kind, message] of [
    ["two elements", vector("1", "2"), QueryRefused, /^the query gives 2 numbers; it must give one, so put sum\(…\)/],
    [
      "a range",
      success({ resultType: "matrix", result: [] }),
      QueryRefused,
      /^the query gives a range; it must give one number$/,
    ],
    ["a text", success({ resultType: "string", result: [1, "a"] }), QueryRefused, /^the query gives a text; /],
    [
      "a histogram",
      success({ resultType: "vector", result: [{ metric: {}, histogram: [1, {}] }] }),
      QueryRefused,
      /^the query gives a histogram; /,
    ],
    ["a refusal", BAD_DATA, QueryRefused, /^Prometheus refuses the query: 1:8: parse error: unexpected "\]"$/],
    [
      "an error of its own",
      [503, JSON.stringify({ status: "error", errorType: "timeout", error: "query timed out" })],
      PrometheusUnreachable,
      /^Prometheus at http:\/\/127\.0\.0\.1:\d+ answers 503 \(timeout\): query timed out$/,
    ],
    ["a page of something else", [200, "<html>"], PrometheusUnreachable, / answers 200, and not as Prometheus does$/],
    [
      "a result of something else",
      success({ resultType: "sum" }),
      PrometheusUnreachable,
      / with something else than a result$/,
    ],
    ["a cut connection", "cut", PrometheusUnreachable, /^Prometheus at http:\S+ cannot be reached: \w+/],
  ] as const) {
    it(`throws on ${name}`, async () => {
      fake.answer = () => answer;
      await assert.rejects(
        prometheus.query("q", signal),
        (error: unknown) => error instanceof kind && message.test(error.message),
      );
    });
  }

  it("says who did not answer in time", async () => {
    fake.answer = () => "hang";
    await assert.rejects(new Prometheus(address, 50).query("q", signal), {
      name: "PrometheusUnreachable",
      message: `Prometheus at ${address} does not answer within 0.05 s`,
    });
  });

  it("says that nobody listens", async () => {
    const gone = new FakePrometheus();
    const nowhere = await gone.start();
    gone.stop();
    await assert.rejects(new Prometheus(nowhere).query("q", signal), {
      name: "PrometheusUnreachable",
      message: `Prometheus at ${nowhere} cannot be reached: connect ECONNREFUSED ${nowhere.replace("http://", "")}`,
    });
  });

  it("ends with the signal's reason when it is stopped, before or while it waits", async () => {
    fake.answer = () => "hang";
    const reason = new Error("stopped by a person");
    await assert.rejects(prometheus.query("q", AbortSignal.abort(reason)), reason);
    const stop = new AbortController();
    const waiting = prometheus.query("q", stop.signal);
    while (fake.asked.length === 0) await new Promise((again) => setTimeout(again, 5));
    stop.abort(reason);
    await assert.rejects(waiting, reason);
  });

  describe("lookAt", () => {
    const isSamples = (query: string) => query.startsWith(SAMPLES_QUERY.slice(0, 40));
    const isAge = (query: string) => query.startsWith("time() -");
    const live = { ...target, color: "blue", backend: "live-.+" };
    const gate = latencyGate({ query: 'p95{b=~"{{backend}}"}[{{window}}]' });

    /** Value, samples and age that Prometheus has of a color. */
    const says = (of: (asked: Asked) => { value: string; samples: string }) => {
      fake.answer = (asked) => {
        if (asked.query === "time()") return success({ resultType: "scalar", result: [1, "2000"] });
        if (isAge(asked.query)) return vector("0.8");
        if (asked.query.startsWith("300 /")) return vector("1");
        const { value, samples } = of(asked);
        return vector(isSamples(asked.query) ? samples : value);
      };
    };

    it("asks for both colors over the same window, and judges", async () => {
      says(({ query }) => ({ value: query.includes("live-") ? "0.1" : "0.15", samples: "400" }));
      const evidence = await lookAt(prometheus, gate, target, live, 42.3, signal);
      assert.deepEqual(evidence, {
        gate: "latency",
        verdict: "pass",
        why: "holds",
        query: 'p95{b=~"be-.+"}[43s]',
        windowSeconds: 42.3,
        value: 0.15,
        samples: 400,
        live: 0.1,
        bound: 0.2,
      });
      const windows = fake.asked.flatMap(({ query }) => /\[(\d+s)\]/.exec(query)?.[1] ?? []);
      assert.deepEqual([...new Set(windows)], ["43s"]);
    });

    it("does not ask for the live color when nothing is compared", async () => {
      says(() => ({ value: "0", samples: "400" }));
      assert.equal((await lookAt(prometheus, shareGate(), target, live, 30, signal)).verdict, "pass");
      assert.ok(fake.asked.every(({ query }) => !query.includes("live-")));
    });

    it("compares with the live color's last window when all its traffic has moved", async () => {
      says(({ query, time }) => ({
        value: query.includes("live-") && time === null ? "NaN" : "0.1",
        samples: query.includes("live-") && time === null ? "0" : "400",
      }));
      const evidence = await lookAt(prometheus, gate, target, live, 60, signal);
      assert.deepEqual([evidence.verdict, evidence.live], ["pass", 0.1]);
      const before = fake.asked.filter(({ time }) => time !== null);
      assert.ok(before.length > 0 && before.every(({ query, time }) => time === "1940" && !query.includes("be-")));
    });

    it("cannot tell when Prometheus has nothing, refuses the query or is not there, and says so", async () => {
      const at = async (where: Prometheus) => {
        const { verdict, why } = await lookAt(where, gate, target, live, 60, signal);
        return [verdict, why];
      };
      assert.deepEqual(await at(prometheus), ["inconclusive", "nothing is measured of the new release"]);
      fake.answer = () => BAD_DATA;
      const refused = 'Prometheus refuses the query: 1:8: parse error: unexpected "]"';
      assert.deepEqual(await at(prometheus), ["inconclusive", refused]);
      fake.answer = () => "hang";
      const silent = `Prometheus at ${address} does not answer within 0.05 s`;
      assert.deepEqual(await at(new Prometheus(address, 50)), ["inconclusive", silent]);
    });

    it("throws when it is stopped", async () => {
      const reason = new Error("stopped by a person");
      await assert.rejects(lookAt(prometheus, gate, target, live, 60, AbortSignal.abort(reason)), reason);
    });
  });

  describe("queryProblems", () => {
    const gates = [
      shareGate({ name: "good", query: "sum(rate(traefik_service_requests_total[{{window}}]))" }),
      shareGate({ name: "mistyped", query: 'sum(rate({__name__="traefik_service_request_total"}[{{window}}]))' }),
      shareGate({ name: "unknown", query: "paid_claims" }),
      shareGate({ name: "cut", query: "sum(rate(up[5m])" }),
    ];

    it("finds nothing in good queries", async () => {
      assert.deepEqual(await queryProblems(prometheus, gates.slice(0, 1), target, signal), []);
    });

    it("names what cannot be read, and metrics nobody knows with the nearest that is known", async () => {
      assert.deepEqual(await queryProblems(prometheus, gates, target, signal), [
        "gate cut: the query is no PromQL: error at character 17, where it ends",
        `gate mistyped: no metric named traefik_service_request_total is known to Prometheus at ${address}; did you mean traefik_service_requests_total?`,
        `gate unknown: no metric named paid_claims is known to Prometheus at ${address}; check that it is scraped`,
      ]);
    });

    it("leaves names alone while nothing is live: the gateway has nothing to show yet", async () => {
      assert.deepEqual(await queryProblems(prometheus, gates, null, signal), [
        "gate cut: the query is no PromQL: error at character 17, where it ends",
      ]);
    });

    it("says what Prometheus itself has against a query", async () => {
      fake.answer = () => vector("1", "2");
      assert.deepEqual(await queryProblems(prometheus, gates.slice(0, 1), target, signal), [
        "gate good: the query gives 2 numbers; it must give one, so put sum(…), max(…) or the like around it",
      ]);
    });

    it("says once that nothing can be checked when Prometheus does not answer, and still what cannot be read", async () => {
      fake.names = "hang";
      assert.deepEqual(await queryProblems(new Prometheus(address, 50), gates, target, signal), [
        "gate cut: the query is no PromQL: error at character 17, where it ends",
        `the gates cannot be checked: Prometheus at ${address} does not answer within 0.05 s`,
      ]);
    });
  });

  describe("trafficPerSecond", () => {
    it("is what the live color answers a second, and unknown without an answer", async () => {
      fake.answer = () => vector("12.5");
      assert.equal(await trafficPerSecond(prometheus, target, signal), 12.5);
      assert.match(fake.asked[0]?.query ?? "", /be-\.\+/);
      fake.answer = () => BAD_DATA;
      assert.equal(await trafficPerSecond(prometheus, target, signal), null);
    });
  });
});
