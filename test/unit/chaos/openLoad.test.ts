import { strict as assert } from "node:assert";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { OpenLoad, SYNTHETIC_HEADER, type LoadPace, type Outcome } from "../../../platform/load/openLoad";

interface Seen {
  readonly headers: http.IncomingHttpHeaders;
  readonly url: string;
  readonly body: string;
  readonly socket: Socket;
}

/** A server on loopback that notes what it is asked; `answer` may leave a request without one. */
async function serving(
  answer: (response: http.ServerResponse) => void,
  act: (address: string, seen: readonly Seen[]) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      seen.push({ headers: request.headers, url: request.url ?? "", body, socket: request.socket });
      answer(response);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

const PACE: LoadPace = { requestsPerSecond: 200, newConnections: 0.5, maxSeconds: 30, timeoutMs: 5000 };

/** Runs a load until `enough` outcomes are in. */
async function loadUntil(
  enough: number,
  aim: Parameters<typeof OpenLoad.start>[0],
  pace: Partial<LoadPace> = {},
): Promise<{ readonly sent: number; readonly outcomes: readonly Outcome[] }> {
  const outcomes: Outcome[] = [];
  let wake = () => {};
  const reached = new Promise<void>((done) => (wake = done));
  const load = OpenLoad.start(aim, { ...PACE, ...pace }, (outcome) => {
    if (outcomes.push(outcome) === enough) wake();
  });
  await reached;
  await load.stop();
  return { sent: load.sent, outcomes };
}

describe("open-loop load", () => {
  it("sends its headers, host and path on kept and on new connections, and tells of every request once", () =>
    serving(
      (response) => response.setHeader("x-hms-color", "blue").end("ok"),
      async (address, seen) => {
        const aim = { address, host: "claims.test", path: "/health", headers: { [SYNTHETIC_HEADER]: "chaos" } };
        // More than leave at once after a stall of this process, when no connection is there to be used again.
        const { sent, outcomes } = await loadUntil(120, aim);
        assert.equal(outcomes.length, sent);
        assert.equal(seen.length, sent);
        assert.ok(outcomes.every(({ result }) => "status" in result && result.status === 200));
        assert.ok(outcomes.every(({ result }) => "status" in result && result.headers["x-hms-color"] === "blue"));
        for (const { headers, url } of seen) {
          assert.deepEqual([headers.host, headers[SYNTHETIC_HEADER], url], ["claims.test", "chaos", "/health"]);
        }
        const sockets = new Set(seen.map(({ socket }) => socket)).size;
        assert.ok(sockets >= sent / 2 && sockets < sent, `${sockets} connections for ${sent} requests`);
      },
    ));

  it("posts a body as JSON", () =>
    serving(
      (response) => response.end(),
      async (address, seen) => {
        await loadUntil(2, { address, host: "claims.test", path: "/", body: '{"a":1}' });
        assert.equal(seen[0]?.body, '{"a":1}');
        assert.equal(seen[0].headers["content-type"], "application/json");
      },
    ));

  it("tells what stood in the way of an answer: nobody there, none in time, cut off in the middle", async () => {
    const errorOf = ({ result }: Outcome) => ("error" in result ? result.error : `status ${result.status}`);
    const nobody = await loadUntil(3, { address: "http://127.0.0.1:1", host: "x", path: "/" });
    assert.ok(nobody.outcomes.every((one) => /ECONNREFUSED/.test(errorOf(one))));
    await serving(
      () => undefined,
      async (address) => {
        const silent = await loadUntil(3, { address, host: "x", path: "/" }, { timeoutMs: 50 });
        assert.ok(silent.outcomes.every((one) => errorOf(one) === "no answer within 0.05 s"));
        assert.equal(silent.outcomes.length, silent.sent);
      },
    );
    await serving(
      (response) => {
        response.writeHead(200, { "content-length": "10" }).write("half");
        response.socket?.destroySoon();
      },
      async (address) => {
        const cut = await loadUntil(3, { address, host: "x", path: "/" });
        assert.ok(
          cut.outcomes.every((one) => errorOf(one) === "aborted"),
          cut.outcomes.map(errorOf).join(),
        );
      },
    );
  });

  it("does not wait for answers before it sends more, also when its pool is full", () =>
    serving(
      () => undefined,
      async (address, seen) => {
        const pace = { requestsPerSecond: 2000, newConnections: 0, timeoutMs: 400 };
        const { sent, outcomes } = await loadUntil(100, { address, host: "x", path: "/" }, pace);
        assert.ok(sent > 100 && outcomes.length === sent, `${outcomes.length} of ${sent}`);
        assert.ok(seen.length <= sent);
      },
    ));

  it("stops by itself", () =>
    serving(
      (response) => response.end(),
      async (address) => {
        const load = OpenLoad.start({ address, host: "x", path: "/" }, { ...PACE, maxSeconds: 0.4 }, () => undefined);
        const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
        while (load.elapsed < 450) await sleep(20);
        const { sent } = load;
        await sleep(100);
        assert.equal(load.sent, sent);
        assert.ok(sent <= 80 && sent > 0);
        await load.stop();
      },
    ));
});
