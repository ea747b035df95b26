import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { factsOf } from "../../../core/tls/certificate";
import { loadLayout } from "../../../platform/local/layout";
import {
  ensureUsersAuthority,
  issueForUsers,
  readAuthority,
  type KeyPair,
} from "../../../platform/local/usersAuthority";
import { servedSerial, untilServed } from "../../../provider/tls/served";
import { Load } from "../../load/load";

const HOST = "web.dev.localhost";

describe("a certificate at the door", function () {
  this.timeout(30_000);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "hms-door-"));
  const layout = loadLayout({ HMS_HOME: home });
  const pairs: KeyPair[] = [];
  let server: https.Server;

  const serials = () => pairs.map(({ certificate }) => factsOf(certificate).serial);
  const show = (index: number) => {
    const { certificate: cert = "", key = "" } = pairs[index] ?? {};
    server.setSecureContext({ cert, key });
  };
  const door = () => ({ address: "127.0.0.1", port: (server.address() as AddressInfo).port, host: HOST });

  before(async () => {
    fs.mkdirSync(layout.pki, { recursive: true });
    await ensureUsersAuthority(layout);
    pairs.push(await issueForUsers(layout, [HOST]), await issueForUsers(layout, [HOST]));
    server = https.createServer({ cert: pairs[0]?.certificate, key: pairs[0]?.key }, (_request, response) => {
      response.end("ok");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    fs.rmSync(home, { recursive: true });
  });

  it("is known by its serial number, and another one from when the server shows it", async () => {
    assert.equal(await servedSerial(door()), serials()[0]);
    const waited = untilServed(door(), serials()[1] ?? "");
    show(1);
    await waited;
    assert.equal(await servedSerial(door()), serials()[1]);
  });

  it("is waited for no longer than a person who stops it", async () => {
    const stop = new AbortController();
    const waited = untilServed(door(), "00", stop.signal);
    stop.abort(new Error("stopped by a person"));
    await assert.rejects(waited, /stopped by a person/);
  });

  it("is refused by load that trusts another authority, and believed by load that trusts this one", async () => {
    const other = loadLayout({ HMS_HOME: path.join(home, "other") });
    fs.mkdirSync(other.pki, { recursive: true });
    await ensureUsersAuthority(other);
    const ask = async (authority: string) => {
      const address = `https://127.0.0.1:${door().port}`;
      const pace = { requestsPerSecond: 50, newConnections: 0.5, maxSeconds: 0.5 };
      const load = Load.start({ address, host: HOST, authority, path: "/", ...pace });
      while (load.elapsed < 600) await new Promise((done) => setTimeout(done, 50));
      return load.stop();
    };
    const [believed, refused] = await Promise.all([ask(readAuthority(layout)), ask(readAuthority(other))]);
    assert.ok(believed.answered > 0);
    assert.deepEqual(believed.lost, []);
    assert.deepEqual([refused.answered, refused.lost.length], [0, refused.sent]);
    assert.match(refused.lost[0]?.why ?? "", /certificate/);
  });
});
