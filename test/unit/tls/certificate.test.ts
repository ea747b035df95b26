import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { factsOf, judgeCertificate, judgeLife, renewalOf } from "../../../core/tls/certificate";
import { loadLayout } from "../../../platform/local/layout";
import {
  authorityFile,
  ensureUsersAuthority,
  issueForUsers,
  readAuthority,
  type KeyPair,
} from "../../../platform/local/usersAuthority";

/** Begin and length of a life; whole seconds, as certificates have them, of at least a minute. */
const life = fc
  .record({
    begin: fc.integer({ min: 0, max: 4_000_000_000 }),
    seconds: fc.integer({ min: 60, max: 400_000_000 }),
  })
  .map(({ begin, seconds }) => ({
    notBefore: new Date(begin * 1000).toISOString(),
    notAfter: new Date((begin + seconds) * 1000).toISOString(),
  }));
const at = (instant: string, offsetMs = 0) => new Date(Date.parse(instant) + offsetMs);

describe("the life of a certificate", () => {
  it("is valid, then due, then expired, whatever its length; both of its ends are part of it", () => {
    fc.assert(
      fc.property(life, (facts) => {
        const states = [
          at(facts.notBefore, -1),
          at(facts.notBefore),
          new Date(renewalOf(facts).getTime() - 1),
          renewalOf(facts),
          at(facts.notAfter),
          at(facts.notAfter, 1),
        ].map((now) => judgeLife(facts, now).state);
        assert.deepEqual(states, ["not-yet-valid", "valid", "valid", "due", "due", "expired"]);
      }),
    );
  });

  it("leaves a third of itself for what goes wrong", () => {
    fc.assert(
      fc.property(life, (facts) => {
        const [whole, left] = [facts.notBefore, renewalOf(facts).toISOString()].map(
          (from) => Date.parse(facts.notAfter) - Date.parse(from),
        );
        assert.ok(Math.abs((left ?? 0) * 3 - (whole ?? 0)) <= 3, `${left} of ${whole} ms`);
      }),
    );
  });

  it("never becomes good again as time goes on", () => {
    const order = ["not-yet-valid", "valid", "due", "expired"];
    fc.assert(
      fc.property(life, fc.integer({ min: -1e12, max: 1e12 }), fc.nat({ max: 1e12 }), (facts, offset, later) => {
        const [first, second] = [0, later].map((more) => judgeLife(facts, at(facts.notBefore, offset + more)).state);
        assert.ok(order.indexOf(second ?? "") >= order.indexOf(first ?? ""));
      }),
    );
  });

  it("is told with the instant that decides", () => {
    const facts = { notBefore: "2027-03-14T00:00:00.000Z", notAfter: "2027-06-12T00:00:00.000Z" };
    assert.match(judgeLife(facts, at("2027-05-12T23:59:59.999Z")).why, /to be renewed from 2027-05-13T00:00:00.000Z/);
    assert.match(judgeLife(facts, at("2027-03-13T23:00:00.000Z")).why, /a clock was or is wrong/);
  });
});

describe("a certificate of the local authority", function () {
  this.timeout(30_000);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "hms-tls-"));
  const [layout, other] = ["a", "b"].map((name) => loadLayout({ HMS_HOME: path.join(home, name) }));
  const hosts = ["web.dev.localhost"];
  let pair: KeyPair;
  let stranger: KeyPair;

  before(async () => {
    assert.ok(layout && other);
    for (const one of [layout, other]) fs.mkdirSync(one.pki, { recursive: true });
    await assert.rejects(issueForUsers(layout, hosts), /no certificate authority yet .*: run hms local up/);
    await Promise.all([layout, other].map(ensureUsersAuthority));
    [pair, stranger] = await Promise.all([issueForUsers(layout, hosts), issueForUsers(other, hosts)]);
  });
  after(() => {
    fs.rmSync(home, { recursive: true });
  });
  const authority = () => (layout ? readAuthority(layout) : "");
  const judge = (given: KeyPair, wanted: readonly string[] = hosts, now = new Date()) =>
    judgeCertificate(given, { hosts: wanted, authority: authority() }, now);

  it("is for its host names and 90 days, and no other file has its key", () => {
    const facts = factsOf(pair.certificate);
    assert.deepEqual(facts.hosts, hosts);
    assert.equal((Date.parse(facts.notAfter) - Date.parse(facts.notBefore)) / 86_400_000, 90);
    assert.equal(judge(pair).state, "valid");
    assert.ok(layout);
    assert.deepEqual(fs.readdirSync(layout.pki).sort(), ["users-ca.crt", "users-ca.key"]);
    assert.equal(fs.statSync(path.join(layout.pki, "users-ca.key")).mode & 0o777, 0o600);
  });

  it("is believed by openssl, which believes none that the same authority signs for a name of the world", async () => {
    assert.ok(layout);
    const verify = (certificate: string): string => {
      const file = path.join(home, "leaf.crt");
      fs.writeFileSync(file, certificate);
      try {
        const args = ["verify", "-CAfile", authorityFile(layout), file];
        return execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
      } catch (error) {
        return String(error);
      }
    };
    assert.match(verify(pair.certificate), /leaf.crt: OK/);
    assert.match(verify((await issueForUsers(layout, ["www.example.gov"])).certificate), /permitted subtree violation/);
  });

  it("has another serial number and another key each time", async () => {
    assert.ok(layout);
    const again = await issueForUsers(layout, hosts);
    assert.notEqual(factsOf(again.certificate).serial, factsOf(pair.certificate).serial);
    assert.notEqual(again.key, pair.key);
  });

  it("keeps its authority when the platform comes up again", async () => {
    assert.ok(layout);
    const before = authority();
    await ensureUsersAuthority(layout);
    assert.equal(authority(), before);
    assert.equal(new X509Certificate(before).ca, true);
  });

  it("is made again for another host, another authority, a foreign key, and what is no certificate", () => {
    const because = (given: KeyPair, wanted?: readonly string[]) => {
      const { state, why } = judge(given, wanted);
      return [state, why];
    };
    const unusable = (why: string) => ["unusable", why];
    assert.deepEqual(because(pair, [...hosts, "api.dev.localhost"]), unusable("it is not for api.dev.localhost"));
    assert.deepEqual(because(stranger), unusable("another authority has signed it"));
    assert.deepEqual(because({ ...pair, key: stranger.key }), unusable("tls.key belongs to another certificate"));
    assert.deepEqual(because({ ...pair, certificate: "" }), unusable("tls.crt is no certificate in PEM"));
    assert.deepEqual(because({ ...pair, key: "-----" }), unusable("tls.key is no private key in PEM"));
  });

  it("is judged by its life once it fits, and by any authority where none is asked for", () => {
    const in70Days = new Date(Date.now() + 70 * 86_400_000);
    assert.equal(judge(pair, hosts, in70Days).state, "due");
    assert.equal(judgeCertificate(stranger, { hosts }, new Date()).state, "valid");
  });
});
