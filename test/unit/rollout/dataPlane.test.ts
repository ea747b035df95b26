import { strict as assert } from "node:assert";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { HEADER } from "../../../core/rollout/names";
import { DataPlane } from "../../../provider/rollout/dataPlane";

describe("the question whether a patch is in force", () => {
  let server: http.Server;
  let answer: (cookie: string) => { readonly color: string; readonly marker: string };
  const asked: string[] = [];
  const sessions = [
    { cookie: "hms-svc=blue.1-1.10", color: "blue" },
    { cookie: "hms-svc=green.1-1.10", color: "green" },
  ] as const;
  const converged = (want: object) => {
    const { port } = server.address() as AddressInfo;
    const dataPlane = new DataPlane(`http://127.0.0.1:${port}`, "svc.localhost");
    return dataPlane.converged({ marker: "2", path: "/", deadlineMs: 500, ...want });
  };

  before((done) => {
    server = http.createServer((request, response) => {
      const { cookie = "" } = request.headers;
      asked.push(cookie);
      const { color, marker } = answer(cookie);
      response.writeHead(200, { [HEADER.color]: color, [HEADER.move]: marker }).end();
    });
    server.listen(0, "127.0.0.1", done);
  });
  after((done) => {
    server.close(done);
  });
  beforeEach(() => {
    asked.length = 0;
  });

  it("is asked without a cookie and with each, in turns", async () => {
    answer = (cookie) => ({ color: cookie.includes("green") ? "green" : "blue", marker: "2" });
    await converged({ sessions, deadlineMs: 10_000 });
    const [blue, green] = sessions.map(({ cookie }) => cookie);
    const turns = asked.map((_, index) => ["", blue, green][index % 3]);
    assert.deepEqual(asked, turns);
    assert.ok(asked.length > sessions.length);
  });

  it("is denied while a gateway deals what has a cookie", async () => {
    answer = () => ({ color: "blue", marker: "2" });
    await assert.rejects(converged({ sessions }), /last answer: blue answered the cookie hms-svc=green\.1-1\.10/);
  });

  it("is denied while an old cookie leads to the color that was left", async () => {
    answer = (cookie) => ({ color: cookie.includes("green") ? "green" : "blue", marker: "2" });
    const left = sessions.map(({ cookie }) => ({ cookie, color: "blue" }));
    await assert.rejects(converged({ color: "blue", sessions: left }), /green answered the cookie/);
  });

  it("is denied while one of several gateways lags, though few connections reach that one", async () => {
    answer = () => ({ color: "blue", marker: asked.length < 300 && asked.length % 24 === 0 ? "1" : "2" });
    const { asked: questions } = await converged({ deadlineMs: 10_000 });
    assert.ok(
      questions > 288,
      `in force after ${questions} questions, the last of the laggard's answers was the 288th`,
    );
  });

  it("is denied under an older marker, whatever the color", async () => {
    answer = () => ({ color: "blue", marker: "1" });
    await assert.rejects(converged({}), /blue under older weights/);
  });
});
