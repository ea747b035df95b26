import { strict as assert } from "node:assert";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Gate } from "../../../core/gates/gate";
import type { Evidence } from "../../../core/gates/verdict";
import type { MoveStep } from "../../../core/rollout/strategy";
import { Inconclusive } from "../../../provider/rollout/errors";
import { watchStep, type GateKeeper } from "../../../provider/rollout/gateWatch";
import { syntheticLoad, type StartSynthetic } from "../../../provider/rollout/syntheticLoad";
import { look, shareGate } from "./support";

interface Asked {
  readonly line: string;
  readonly host: string;
  readonly label: unknown;
  readonly probe: unknown;
  readonly type: unknown;
  readonly fresh: boolean;
}

const REQUESTS = [
  { method: "GET", path: "/health", headers: {} },
  { method: "PUT", path: "/claims/1", headers: { "content-type": "text/csv" }, body: "a,b" },
];

describe("synthetic load", () => {
  let server: http.Server;
  let asked: Asked[];
  let wanted: { readonly count: number; readonly reached: () => void } | undefined;
  const until = (count: number) =>
    new Promise<void>((reached) => {
      wanted = { count, reached };
    });
  const start = (token: string | undefined): StartSynthetic =>
    syntheticLoad({
      store: { probeToken: () => Promise.resolve(token) },
      address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      host: "claims.test",
      requests: REQUESTS,
    });

  beforeEach(async () => {
    asked = [];
    wanted = undefined;
    server = http.createServer(({ method, url, headers }, response) => {
      asked.push({
        line: `${method ?? ""} ${url ?? ""}`,
        host: headers.host ?? "",
        label: headers["x-hms-synthetic"],
        probe: headers["x-hms-probe"],
        type: headers["content-type"],
        fresh: headers.connection === "close",
      });
      response.end("ok");
      if (wanted && asked.length >= wanted.count) wanted.reached();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it("asks both colors the same, labelled, by the probe route, and new connections of both", async () => {
    const reached = until(88);
    const load = await start("t0ken")(100, 30);
    await reached;
    load.stop();
    const [, sent = ""] = / (\d+) sent$/.exec(load.describe()) ?? [];
    while (asked.length < Number(sent)) await new Promise((done) => setTimeout(done, 5));
    const count = (test: (one: Asked) => boolean) => asked.filter(test).length;
    for (const color of ["blue", "green"]) {
      const here = (one: Asked) => one.probe === `${color}.t0ken`;
      // A quarter each, but for a round that was not finished.
      const quarter = asked.length / 4;
      assert.ok(Math.abs(count((one) => here(one) && one.line === "GET /health") - quarter) <= 1);
      assert.ok(Math.abs(count((one) => here(one) && one.line === "PUT /claims/1") - quarter) <= 1);
      assert.ok(count((one) => here(one) && one.fresh) > 0);
    }
    assert.ok(asked.every(({ line, type }) => line.startsWith("GET") || type === "text/csv"));
    assert.ok(asked.every(({ host, label }) => host === "claims.test" && label === "gates"));
    assert.match(load.describe(), /^synthetic load, 100\/s to each color \(GET \/health, PUT \/claims\/1\): \d+ sent$/);
  });

  it("says why nothing can be sent", async () => {
    await assert.rejects(
      start(undefined)(10, 1),
      /no synthetic load can be sent: the route .* is missing; deploy again/,
    );
  });

  const gate: Gate = shareGate({ everySeconds: 0.1, withinSeconds: 0.5, consecutive: 2 });
  const step: MoveStep = { weight: 10, holdSeconds: 0, gates: [gate.name], syntheticPerSecond: 50 };
  const watch = (looks: (synthetic: boolean) => Evidence, at: MoveStep, signal = new AbortController().signal) => {
    const keeper: GateKeeper = {
      gates: [gate],
      look: (_gate, _color, _window, _signal, synthetic = false) => Promise.resolve(looks(synthetic)),
      blind: () => Promise.resolve(undefined),
    };
    const messages: string[] = [];
    const parts = {
      keeper,
      synthetic: start("t0ken"),
      readyPods: () => Promise.resolve(1),
      progress: (message: string) => messages.push(message),
    };
    return { done: watchStep(parts, at, "green", signal), messages };
  };
  const silent = async () => {
    const before = asked.length;
    await new Promise((done) => setTimeout(done, 200));
    return asked.length - before;
  };

  it("is sent while a step asks for it, and not after", async () => {
    const { done, messages } = watch(() => look(gate.name, "pass"), { ...step, holdSeconds: 0.3 });
    await done;
    assert.ok(asked.length > 0);
    assert.match(messages.at(-1) ?? "", /pass, 2 of 2; synthetic load, 50\/s to each color .* sent$/);
    await silent(); // what was under way
    assert.equal(await silent(), 0);
  });

  it("ends with a step that is stopped", async () => {
    const stop = new AbortController();
    const reached = until(5);
    const { done } = watch(() => look(gate.name, "pass"), { ...step, holdSeconds: 60 }, stop.signal);
    await reached;
    stop.abort(new Error("Ctrl-C"));
    await assert.rejects(done);
    await silent();
    assert.equal(await silent(), 0);
  });

  it("is neither sent nor looked at where a step does not ask for it, and is offered when requests were too few", async () => {
    const asks: boolean[] = [];
    const { syntheticPerSecond: _none, ...plain } = step;
    const { done } = watch((synthetic) => {
      asks.push(synthetic);
      return { ...look(gate.name, "inconclusive"), samples: 3, thin: true };
    }, plain);
    await assert.rejects(done, (error) => {
      assert.ok(error instanceof Inconclusive);
      assert.match(error.message, /users sent the release 3 requests in 1 s, and gate errors needs 300, which takes/);
      return true;
    });
    assert.deepEqual([asked.length, new Set(asks)], [0, new Set([false])]);
  });
});
