import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identityAnnotations, identityLabels, type SandboxIdentity } from "../../core/sandbox/identity";
import { newLease } from "../../core/sandbox/lease";
import { factOfRecord, SANDBOX_LEDGER } from "../../core/sharing/facts";
import type { SharingRecord } from "../../core/sharing/records";
import { makeSigningKey } from "../../provider/keyFiles";
import { openLedger } from "../../provider/ledger/open";
import { grant, revokeAllIn } from "../../provider/sharing/grants";
import { decisionsOf, recordsOf } from "../../provider/sharing/records";
import { settleSandbox } from "../../provider/sharing/settle";
import { TestNamespace } from "../support/cluster";
import { CookieBrowser, hiddenField } from "../support/cookieBrowser";
import { CrookedProvider } from "./support/crookedProvider";
import { GateProcesses } from "./support/gateProcesses";
import { TestGateway } from "./support/gateway";

const ROLE = "PolicyAnalyst";

describe("the review gate", function () {
  this.timeout(120_000);
  const space = new TestNamespace("sharing");
  const place = { kube: space.kube, namespace: space.name };
  const gateway = new TestGateway();
  const processes = new GateProcesses();
  const crooked = new CrookedProvider();
  const [own, other] = ["a", "b"].map((letter) => sandbox(`sbx-${letter}${randomBytes(3).toString("hex")}`));
  assert.ok(own && other);
  let port = 0;
  const url = (what: SandboxIdentity, path = "/") => `http://${what.name}.localhost:${port}${path}`;
  const review = (path: string) => `http://review.localhost:${port}${path}`;
  const share = (
    users: readonly string[],
    more: Partial<{ as: "view" | "try" | "own"; role: string; what: SandboxIdentity; until: Date }> = {},
  ) => {
    const { as = "view", role = ROLE, what = own, until } = more;
    return grant(place, what, {
      to: { users, groups: [] },
      as,
      role,
      by: "olga",
      ...(until === undefined ? {} : { until }),
    });
  };

  before(async () => {
    await space.create();
    for (const what of [own, other])
      await space.kube.create({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: what.name, labels: identityLabels(what), annotations: identityAnnotations(what) },
      });
    port = await gateway.listen();
    await crooked.listen();
    const issuer = `http://identity.localhost:${port}`;
    const identity = await processes.standIn(review(""), issuer);
    const gate = await processes.gate(review(""), issuer, space.name, "--back-channel", `http://127.0.0.1:${identity}`);
    gateway.places = { byLabel: { review: gate.pages, identity }, auth: gate.auth };
    await share(["ana"]);
    await share(["ben"], { what: other });
  });
  after(async () => {
    await processes.end();
    gateway.close();
    crooked.close();
    for (const what of [own, other]) await space.kube.delete({ apiVersion: "v1", kind: "Namespace", name: what.name });
    await space.remove();
  });

  /** Opens an address and signs in at the stand-in when asked. */
  async function signIn(user: string, to: string, browser = new CookieBrowser(port)) {
    const login = await browser.open(to);
    assert.match(login.body, /A stand-in for a real identity provider/);
    return { browser, got: await browser.open(login.url, { form: { user } }) };
  }

  /** Waits until the gate has noted something of a sandbox. */
  async function noted(what: SandboxIdentity, is: (record: SharingRecord) => boolean): Promise<SharingRecord> {
    for (const giveUp = Date.now() + 60_000; ;) {
      const found = (await recordsOf(place, what.name))?.records.find(is);
      if (found) return found;
      assert.ok(Date.now() < giveUp, `not noted; the log:\n${processes.log}`);
      await sleep(100);
    }
  }
  const refusal = (reason: string, who: string | null) => (record: SharingRecord) =>
    record.kind === "refused" && record.reason === reason && record.who === who;

  it("lets in who was granted that and signed in, and notes it before", async () => {
    const { browser, got } = await signIn("ana", url(own, "/claims?year=2026&x=%2F"));
    assert.deepEqual([got.status, got.body, got.url], [200, "from the sandbox", url(own, "/claims?year=2026&x=%2F")]);
    const opened = await noted(own, ({ kind, who }) => kind === "opened" && who === "ana");
    assert.deepEqual([opened.snapshot, opened.roles, opened.owner], [own.snapshot, [ROLE], own.owner]);
    await noted(own, refusal("no-login", null));
    assert.equal((await browser.ask(url(own, "/again"))).status, 200, "without signing in again");
  });

  it("hands none of its own cookies on", async () => {
    const { browser } = await signIn("ana", url(own));
    browser.jar(`${own.name}.localhost`).set("app", "1");
    await browser.ask(url(own, "/program"));
    assert.equal(gateway.reached.at(-1)?.headers.cookie, "app=1");
  });

  it("lets nobody in by the link alone", async () => {
    const got = await new CookieBrowser(port).ask(url(own));
    assert.equal(got.status, 303);
    assert.match(got.location ?? "", /^http:\/\/review\.localhost:\d+\/sign-in\?entry=/);
    const program = await new CookieBrowser(port).ask(url(own), { headers: { Accept: "application/json" } });
    assert.equal(program.status, 401);
    assert.deepEqual([got.headers["cache-control"], got.headers["x-robots-tag"]], ["no-store", "noindex"]);
  });

  it("refuses another user, who a grant of another sandbox lets in there", async () => {
    const { got, browser } = await signIn("ben", url(own));
    assert.equal(got.status, 403);
    assert.match(got.body, /You are signed in as Ben Brandt \(ben\)/);
    await noted(own, refusal("no-grant", "ben"));
    const there = await browser.open(url(other));
    assert.deepEqual([there.status, there.body], [200, "from the sandbox"]);
  });

  it("refuses somebody without the role, and somebody whose grant has ended", async () => {
    await share(["eve"]);
    await share(["olga"], { role: "Delivery", until: new Date(Date.now() + 1500) });
    await sleep(2000);
    assert.equal((await signIn("eve", url(own))).got.status, 403);
    await noted(own, refusal("missing-group", "eve"));
    assert.equal((await signIn("olga", url(own))).got.status, 403);
    await noted(own, refusal("grant-expired", "olga"));
  });

  it("refuses a forged cookie, and one of another sandbox", async () => {
    const { browser } = await signIn("ben", url(other));
    const stolen = browser.jar(`${other.name}.localhost`).get("hms-door") ?? "";
    assert.notEqual(stolen, "");
    const thief = new CookieBrowser(port);
    thief.jar(`${own.name}.localhost`).set("hms-door", stolen);
    assert.equal((await thief.ask(url(own))).status, 403);
    await noted(own, refusal("other-host", null));
    for (const forged of [
      randomBytes(32).toString("base64url"),
      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.",
      "' or 1=1",
    ]) {
      thief.jar(`${own.name}.localhost`).set("hms-door", forged);
      assert.equal((await thief.ask(url(own))).status, 303);
    }
    await noted(own, refusal("unknown-session", null));
  });

  it("takes a ticket once, from the browser that asked for it, at the host that it is for", async () => {
    const { browser } = await signIn("ana", url(own));
    const ticket = async () => {
      browser.jar(`${own.name}.localhost`).delete("hms-door");
      const asked = await browser.ask(url(own, "/x"));
      const sent = await browser.ask(asked.location ?? "");
      assert.match(sent.location ?? "", /\/\.review\/enter\?ticket=/);
      return new URL(sent.location ?? "");
    };
    const thief = new CookieBrowser(port);
    assert.equal((await thief.ask((await ticket()).href)).status, 403, "another browser");
    const elsewhere = await ticket();
    assert.equal((await browser.ask(url(other, elsewhere.pathname + elsewhere.search))).status, 403, "another host");
    const used = await ticket();
    assert.equal((await browser.ask(used.href)).status, 303);
    assert.equal((await browser.ask(used.href)).status, 403, "used");
    await noted(own, refusal("bad-ticket", "ana"));
  });

  it("takes the provider's answer once, in the browser that it sent there", async () => {
    const browser = new CookieBrowser(port);
    const login = await browser.open(url(own));
    let got = await browser.ask(login.url, { form: { user: "ana" } });
    while (!(got.location ?? "").includes("/callback?")) got = await browser.ask(got.location ?? "");
    const callback = got.location ?? "";
    const thief = await new CookieBrowser(port).ask(callback);
    assert.equal(thief.status, 403, "in another browser");
    assert.equal((await browser.ask(callback)).status, 403, "after that");
    assert.equal((await browser.ask(review("/callback?code=x&state=y"))).status, 403, "never asked for");
    await noted(own, refusal("bad-state", null));
  });

  it("leads back to the same sandbox only", async () => {
    for (const path of ["//evil.example/x", "/\\evil.example", "/@evil.example", "/x?to=http://evil.example"]) {
      const { got } = await signIn("ana", url(own, path));
      assert.equal(new URL(got.url).hostname, `${own.name}.localhost`, path);
    }
  });

  it("believes the gateway alone about who asked for what", async () => {
    const { browser } = await signIn("ana", url(own));
    const spoofs = { "X-Forwarded-Host": `${own.name}.localhost`, "X-Forwarded-Uri": "/", "X-Forwarded-Method": "GET" };
    assert.equal((await browser.ask(url(own), { method: "POST", headers: spoofs })).status, 403, "a view that writes");
    await noted(own, refusal("read-only", "ana"));
    const bare = new CookieBrowser(port);
    bare.jar(`${other.name}.localhost`).set("hms-door", browser.jar(`${own.name}.localhost`).get("hms-door") ?? "");
    assert.equal((await bare.ask(url(other), { headers: spoofs })).status, 403);
    const asks = await browser.ask(review("/forward-auth"), { headers: spoofs });
    assert.equal(asks.status, 404, "the gateway's question is not answered where people are");
  });

  it("takes a decision from its own page only, and notes it with its comment", async () => {
    const { browser, got } = await signIn("ana", review(`/sandboxes/${own.name}`));
    assert.match(got.body, new RegExp(`<h1>${own.name}</h1>`));
    assert.match(got.body, /Waiting for a decision/);
    assert.match(got.body, /&#60;b&#62;higher payouts/, "what others wrote is text");
    const to = review(`/sandboxes/${own.name}/decision`);
    const form = { token: hiddenField(got.body, "token"), verdict: "approved", comment: "Checked 12 claims" };
    const refused = [
      { form: { ...form, token: "x" } },
      { form, headers: { Origin: url(own).slice(0, -1) } },
      { form, headers: { Origin: "null" } },
      { form, headers: { "Sec-Fetch-Site": "cross-site" } },
    ];
    for (const ask of refused) assert.equal((await browser.ask(to, ask)).status, 403);
    await noted(own, refusal("bad-form", "ana"));
    assert.deepEqual(await decisionsOf(place, own.name), []);
    assert.equal((await browser.ask(to, { form: { ...form, verdict: "rejected", comment: "" } })).status, 422);
    const done = await browser.open(to, { form });
    assert.match(done.body, /Your approval was recorded/);
    assert.match(done.body, /Checked 12 claims/);
    const [said] = await decisionsOf(place, own.name);
    assert.deepEqual(
      [said?.who, said?.verdict, said?.comment, said?.roles],
      ["ana", "approved", "Checked 12 claims", [ROLE]],
    );
  });

  it("leads from the sandbox to its review, and takes no decision from who owns it", async () => {
    await share(["olga"], { role: "Delivery", as: "own" });
    await sleep(2100);
    const { browser, got } = await signIn("olga", url(own));
    assert.equal(got.status, 200);
    const page = await browser.open(url(own, "/.review/"));
    assert.equal(page.url, review(`/sandboxes/${own.name}`));
    assert.match(page.body, /the owner of a sandbox does not decide on it/);
    const form = { token: hiddenField(page.body, "token"), verdict: "approved" };
    assert.equal((await browser.ask(`${page.url}/decision`, { form })).status, 403);
    await noted(own, refusal("may-not-decide", "olga"));
    assert.equal((await browser.ask(url(own), { method: "POST" })).status, 200, "and may write");
  });

  it("ends every session of who signs out", async () => {
    const { browser } = await signIn("ana", url(own));
    const copy = browser.jar(`${own.name}.localhost`).get("hms-door") ?? "";
    const page = await browser.open(review("/"));
    const out = await browser.ask(review("/sign-out"), { form: { token: hiddenField(page.body, "token") } });
    assert.match(out.body, /You are signed out/);
    browser.jar(`${own.name}.localhost`).set("hms-door", copy);
    assert.equal((await browser.ask(url(own))).status, 303);
  });

  it("refuses every answer of a provider that does not hold", async () => {
    const gate = await processes.gate(review(""), crooked.issuer, space.name);
    const { places } = gateway;
    assert.ok(places);
    gateway.places = { byLabel: { ...places.byLabel, review: gate.pages }, auth: gate.auth };
    const now = Math.floor(Date.now() / 1000);
    const attempt = async (
      change: (claims: Readonly<Record<string, unknown>>) => object,
      alg?: "none" | "HS256" | "other key",
    ) => {
      const browser = new CookieBrowser(port);
      const started = await browser.ask((await browser.ask(url(own))).location ?? "");
      const asked = new URL(started.location ?? "").searchParams;
      const claims = change(crooked.honest(asked.get("nonce") ?? ""));
      crooked.next = { claims: claims as Record<string, unknown>, ...(alg === undefined ? {} : { alg }) };
      return (await browser.open(review(`/callback?code=c&state=${asked.get("state") ?? ""}`))).status;
    };
    try {
      assert.equal(await attempt((claims) => claims), 200, "an honest one");
      const wrong: readonly (readonly [string, object, ("none" | "HS256" | "other key")?])[] = [
        ["no signature", {}, "none"],
        ["a signature by the public key", {}, "HS256"],
        ["a signature by another key", {}, "other key"],
        ["another issuer", { iss: "https://evil.example" }],
        ["another audience", { aud: "another-client" }],
        ["another nonce", { nonce: "x" }],
        ["no nonce", { nonce: undefined }],
        ["an end that has passed", { iat: now - 900, exp: now - 600 }],
        ["nobody", { sub: undefined }],
      ];
      for (const [what, change, alg] of wrong)
        assert.equal(await attempt((claims) => ({ ...claims, ...change }), alg), 403, what);
      await noted(own, refusal("sign-in-failed", null));
    } finally {
      gateway.places = places;
    }
  });

  it("lets nobody pass when it cannot tell, and when it is not there", async () => {
    const { browser } = await signIn("ana", url(own));
    const grants = { apiVersion: "v1", kind: "ConfigMap", name: `grants-${own.name}`, namespace: space.name };
    await space.kube.patch(grants, { data: { "grants.json": '{"grants":[{"as":"own"}]}' } }, { type: "merge" });
    await sleep(2100);
    assert.equal((await browser.ask(url(own))).status, 503);
    await revokeAllIn(place, own.name);
    await sleep(2100);
    assert.equal((await browser.ask(url(own))).status, 403);
    const { places } = gateway;
    assert.ok(places);
    gateway.places = { ...places, auth: 1 };
    assert.equal((await browser.ask(url(own))).status, 500);
    gateway.places = places;
  });

  it("is told to the ledger, each thing once, whoever else tells it and wherever that ended", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "hms-door-ledger-"));
    try {
      const key = path.join(folder, "key.pem");
      await makeSigningKey(key);
      const wish = { name: SANDBOX_LEDGER, store: { folder: path.join(folder, "chain"), key, trust: [] } };
      mkdirSync(wish.store.folder);
      // Refusals are noted a second later, and again after a minute: from here on nothing comes any more.
      await processes.end();
      const open = () => openLedger(wish, undefined);
      const before = await recordsOf(place, own.name);
      assert.ok(before);
      // Somebody told half of it, and was killed before they could say so.
      const half = before.records.slice(0, Math.ceil(before.records.length / 2));
      await (await open()).add(half.map((record) => factOfRecord(before, record)));
      const told = await settleSandbox(place, open, own.name);
      assert.equal(told, before.records.length);
      assert.equal(await settleSandbox(place, open, own.name), 0, "again");
      await space.kube.delete({ apiVersion: "v1", kind: "Namespace", name: other.name });
      await settleSandbox(place, open, other.name);
      assert.equal(await recordsOf(place, other.name), undefined, "of a sandbox that is gone nothing stays");
      const { entries, verdict } = await (await open()).read();
      assert.deepEqual(verdict.findings, []);
      assert.ok(entries.some(({ namespace }) => namespace === other.name));
      assert.deepEqual(
        entries.filter(({ namespace }) => namespace === own.name).map(({ event, origin }) => `${event} ${origin}`),
        before.records.map(({ kind, sequence }) => `${kind} ${own.name} record ${sequence}`),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("says no secret in what it logs and notes", async () => {
    const texts = [processes.log, JSON.stringify(await recordsOf(place, own.name))];
    for (const text of texts) {
      assert.doesNotMatch(text, /a-secret-of-this-test|hms-door|hms-login|ticket=|code=|eyJ/);
      assert.doesNotMatch(text, /[\w-]{43}/, "no name of a session, ticket or state");
    }
  });
});

function sandbox(name: string): SandboxIdentity {
  const what = {
    owner: "olga",
    purpose: "<b>higher payouts</b>",
    snapshot: "20261122T020000Z-1a2b3c",
    changed: "drought-benefit v3",
  };
  return { name, ...newLease(new Date(), 3600), ...what };
}
