import { strict as assert } from "node:assert";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { Invocation, UsageError } from "../../../cli/command";
import { spread, documentOf, reportOf } from "../../bench/switch/document";
import { pairManifests } from "../../bench/switch/gatewayPair";
import { Latencies } from "../../bench/switch/latencies";
import { Notes } from "../../bench/switch/notes";
import { fateOf } from "../../bench/switch/outcome";
import { readSettings } from "../../bench/switch/settings";
import { DEFAULT_PORTS } from "../../../platform/local/ports";
import { Tally } from "../../bench/switch/tally";
import { Traffic } from "../../bench/switch/traffic";

const sent = { sentAt: 0, tookMs: 1 };
const answer = (status: number, headers: Record<string, string>) => ({ ...sent, result: { status, headers } });
const settings = { quick: true, rate: 500, runs: 2, requests: 0, only: [] };

describe("what became of a request", () => {
  const blue = { "x-hms-color": "blue" };
  const cases = [
    ["an answer is right", answer(200, blue), { kind: "right", color: "blue" }],
    [
      "a release's own 500 is no loss of the delivery",
      answer(500, { ...blue, "content-type": "application/json" }),
      { kind: "own error", color: "blue" },
    ],
    [
      "the gateway's 500 is a loss, though it says whose it was",
      answer(500, { ...blue, "content-type": "text/plain; charset=utf-8" }),
      { kind: "lost", why: "status 500 of blue" },
    ],
    [
      "a bad gateway is a loss, whatever it is written in",
      answer(502, { ...blue, "content-type": "application/json" }),
      { kind: "lost", why: "status 502 of blue" },
    ],
    ["an answer of nobody is a loss", answer(200, {}), { kind: "lost", why: "status 200 of no color" }],
    [
      "a broken connection is a loss",
      { ...sent, result: { error: "ECONNRESET" } },
      { kind: "lost", why: "ECONNRESET" },
    ],
  ] as const;
  for (const [name, outcome, fate] of cases) {
    it(name, () => {
      assert.deepEqual(fateOf(outcome), fate);
    });
  }
});

describe("the latencies of many answers", () => {
  it("give quantiles within two percent of the true ones", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.2, max: 20_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const latencies = new Latencies();
          for (const value of values) latencies.add(value);
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(share * values.length - 1e-9) - 1)] ?? 0;
          const seen = latencies.quantile(share);
          assert.ok(seen >= exact * 0.999 && seen <= exact * 1.021, `${seen} for ${exact}`);
        },
      ),
    );
  });
  it("are zero without any", () => {
    assert.deepEqual(new Latencies().summary(), { p50: 0, p95: 0, p99: 0, worst: 0 });
  });
});

describe("the tally of a scenario", () => {
  it("tells the last answer of a color apart from the last that could come at once", () => {
    const tally = new Tally();
    tally.count("keep-alive", { kind: "right", color: "green" }, 5, 1000, true);
    tally.count("slow", { kind: "right", color: "green" }, 900, 1800, false);
    tally.count("keep-alive", { kind: "right", color: "blue" }, 5, 2000, true);
    assert.deepEqual(tally.lastAnswer("green"), { at: 1800, quickAt: 1000 });
    assert.deepEqual(tally.lastAnswer("nobody"), { at: 0, quickAt: 0 });
  });
  it("counts a release's own errors among the answers, and losses by their reason and time", () => {
    const tally = new Tally();
    tally.count("keep-alive", { kind: "own error", color: "green" }, 5, 1, true);
    for (const at of [7, 9]) tally.count("slow", { kind: "lost", why: "ECONNRESET" }, 5, at, false);
    assert.deepEqual([tally.answered, tally.ownErrors, tally.lost], [1, 1, 2]);
    assert.deepEqual([tally.why, tally.losses], [{ ECONNRESET: 2 }, { first: 7, last: 9 }]);
  });
});

describe("the document of the switch harness", () => {
  const traffic = (lost: number, isOver = false) => {
    const tally = new Tally();
    for (let i = 0; i < lost; i++) tally.count("keep-alive", { kind: "lost", why: "status 502 of blue" }, 1, i, true);
    return { tally, sent: 100, seconds: 10, isOver };
  };
  const notesWith = (change: (notes: Notes) => void): Notes => {
    const notes = new Notes();
    change(notes);
    return notes;
  };
  const report = (lost: number, notes: Notes, isOver = false) => reportOf("flip", "", traffic(lost, isOver), notes);

  it("is fine when nothing was lost and nothing took long", () => {
    const notes = notesWith((one) => one.restoreMs.push(120, 999));
    const document = documentOf({ cores: 2, memoryGiB: 4, node: "", load: 0 }, settings, "", [report(0, notes)]);
    assert.deepEqual([document.ok, document.broken, document.totals.restoreWorstMs], [true, [], 999]);
  });
  it("breaks at one lost request, at a restore of a second, at a load that ended early, and says where", () => {
    const slow = notesWith((one) => one.restoreMs.push(1000));
    const reports = [report(1, new Notes()), report(0, slow), report(0, new Notes(), true)];
    const { ok, broken } = documentOf({ cores: 2, memoryGiB: 4, node: "", load: 0 }, settings, "", reports);
    assert.equal(ok, false);
    assert.deepEqual(broken, [
      "flip: 1 of 100 requests were lost",
      "flip: a restore took 1000 ms, allowed is less than 1000",
      "flip: the load ended before the scenario did",
    ]);
  });
  it("counts what crashed with a pod apart, but not more of it than was under way there", () => {
    const crash = { what: "a pod crashed", lost: 5, atMost: 3 };
    const { lost, lostInFlight, broken } = report(
      5,
      notesWith((one) => one.byNature.push(crash)),
    );
    assert.deepEqual([lost, lostInFlight, broken], [2, 3, ["2 of 100 requests were lost"]]);
  });
  it("reads how long the gateway took from what a run said, each patch once", () => {
    const notes = new Notes();
    const text = "green is live with v2 (in force after 154 ms)";
    notes.convergence({
      lines: [text, text, "back on blue (in force after 20 ms)"].map((line) => ({ at: 0, text: line })),
    });
    assert.deepEqual(notes.convergenceMs, [154, 20]);
  });
  it("takes the lower middle for the median, and nothing for no value", () => {
    assert.deepEqual(spread([3, 1, 2, 10]), { median: 2, worst: 10 });
    assert.equal(spread([]), null);
  });
});

describe("the settings of the switch harness", () => {
  const read = (values: Record<string, unknown>) => readSettings(new Invocation(values, []), ["flip", "canary"]);
  it("asks for a million requests when all of it is run, and for none when part of it is", () => {
    assert.deepEqual(read({}), { quick: false, rate: 500, runs: 20, requests: 1_000_000, only: [] });
    assert.deepEqual(read({ quick: true }), { quick: true, rate: 500, runs: 2, requests: 0, only: [] });
    assert.deepEqual(read({ only: "flip, canary" }).only, ["flip", "canary"]);
    assert.equal(read({ only: "flip" }).requests, 0);
  });
  for (const [option, value, allowed] of [
    ["rate", "fast", "a whole number from 50 to 5000"],
    ["runs", "0", "a whole number from 1 to 1000"],
    ["requests", "-1", "a whole number from 0"],
    ["only", "flop", "there are flip, canary"],
  ] as const) {
    it(`refuses --${option} ${value}, and says what is allowed`, () => {
      assert.throws(
        () => read({ [option]: value }),
        (error) => error instanceof UsageError && error.message.includes(allowed) && error.message.includes(value),
      );
    });
  }
});

describe("the pair of gateways", () => {
  const aim = { name: "gateways-a", host: "svc.a.localhost", healthPath: "/health", namespace: "a" };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a", uid: "u-1" } };
  const manifests = pairManifests("image", { ports: DEFAULT_PORTS }, aim, namespace);
  const text = JSON.stringify(manifests[0]);
  const seconds = (option: string): number => Number(new RegExp(`${option}=(\\d+)s`).exec(text)?.[1]);

  it("tells clients to close their connections well before an instance that drains closes them", () => {
    assert.ok(seconds("keepAliveMaxTime") * 2 <= seconds("requestAcceptGraceTimeout"));
    const grace = Number(/"terminationGracePeriodSeconds":(\d+)/.exec(text)?.[1]);
    assert.ok(grace > seconds("requestAcceptGraceTimeout") + 10);
  });
  it("has no instance that is ready before it leads to the service", () => {
    assert.match(text, /"startupProbe":\{"httpGet":\{"path":"\/health","port":8080,.*"value":"svc\.a\.localhost"/);
  });
  it("goes with the namespace of the harness's stack, should nobody take it away", () => {
    for (const { metadata } of manifests)
      assert.deepEqual(metadata.ownerReferences, [{ apiVersion: "v1", kind: "Namespace", name: "a", uid: "u-1" }]);
  });
});

describe("the load of the switch harness", () => {
  it("can be waited for until all that was under way has ended, while more is sent", async () => {
    const held: http.ServerResponse[] = [];
    const server = http.createServer((_, response) => held.push(response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const traffic = new Traffic({ address: `http://127.0.0.1:${port}`, host: "a" }, 200, 30);
    while (held.length < 10) await sleep(5);
    let over = false;
    const waiting = traffic.untilAnswered().then(() => (over = true));
    const first = held.splice(0);
    while (held.length < 10) await sleep(5);
    assert.equal(over, false);
    for (const response of first.splice(1)) response.end();
    while (traffic.tally.lost < 9) await sleep(5);
    assert.equal(over, false);
    const answering = setInterval(() => {
      for (const response of [...first.splice(0), ...held.splice(0)]) response.end();
    }, 5);
    await waiting;
    await traffic.stop();
    clearInterval(answering);
    server.close();
  });
  it("aims at this machine only", () => {
    assert.throws(
      () => new Traffic({ address: "http://10.0.0.1:80", host: "a" }, 10, 1),
      /load may only aim at 127\.0\.0\.1, got 10\.0\.0\.1/,
    );
  });
});
