import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Browser, type Page } from "playwright-core";
import {
  identityAnnotations,
  identityLabels,
  SANDBOXES_NAMESPACE,
  type SandboxIdentity,
} from "../../core/sandbox/identity";
import { newLease } from "../../core/sandbox/lease";
import { originOf, reviewHost, reviewUrl, sandboxUrl } from "../../core/sharing/names";
import { openStackLedger } from "../../cli/ledger";
import { sandboxPlace } from "../../cli/sandbox/place";
import { doorOfPlace, ensureReviewGate } from "../../cli/sandbox/reviewGate";
import { projectRoot } from "../../platform/home";
import { readWhole } from "../../provider/ledger/reading";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { CHROMIUM } from "../../platform/toolchain/tools";
import { gateAddress, reviewFilter, reviewObjects } from "../../provider/sharing/filter";
import { HEALTH_PATH } from "../../provider/sharing/gate";
import { AUTH_PORT, PAGES_PORT } from "../../provider/sharing/objects";
import { recordsOf } from "../../provider/sharing/records";
import { Asker, REFUSED } from "../support/asker";
import { GATEWAY, TestNamespace } from "../support/cluster";
import { CookieBrowser } from "../support/cookieBrowser";

const OWNER = { fieldManager: "hms-platform", force: true } as const;
/** Folder for pictures of what the browser showed; unset: none are kept. */
const PICTURES = process.env.HMS_TEST_PICTURES;

/** The namespace of a sandbox, which has the sandbox's name. */
class SandboxSpace extends TestNamespace {
  override readonly name: string;

  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

describe("a shared sandbox", function () {
  this.timeout(600_000);
  const layout = loadLayout();
  const port = layout.ports.gateway;
  const id = randomBytes(3).toString("hex");
  const io = { out: process.stderr, err: process.stderr, env: process.env, signal: new AbortController().signal };
  const sandboxes = sandboxPlace(process.env);
  const door = doorOfPlace(sandboxes);
  const sandbox: SandboxIdentity = {
    name: `sbx-${id}`,
    ...newLease(new Date(), 3600),
    owner: "olga",
    purpose: "Higher payouts for households with children",
    snapshot: "20261122T020000Z-1a2b3c",
    changed: "drought-benefit v42 in place of v41: 40 a child instead of 35",
  };
  const url = sandboxUrl(door, sandbox.name);
  const home = new SandboxSpace(sandbox.name);
  const pod = new Asker(home, "pod");
  const reached: IncomingHttpHeaders[] = [];
  /** The sandbox's program, where the gateway reaches it. */
  const program = createServer((request, response) => {
    reached.push(request.headers);
    // Which it would like to be kept.
    response.setHeader("Cache-Control", "public, max-age=3600");
    response.end(`<!doctype html><title>Payouts</title><p>${request.method ?? ""} from the sandbox`);
  });
  let browser: Browser;
  before(async () => {
    await home.kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: SANDBOXES_NAMESPACE } }, OWNER);
    const metadata = { name: home.name, labels: identityLabels(sandbox), annotations: identityAnnotations(sandbox) };
    await home.kube.create({ apiVersion: "v1", kind: "Namespace", metadata });
    await Promise.all([ensureReviewGate(sandboxes, io, true), pod.start().then(() => pod.isReady())]);
    await routeToProgram();
    await untilGuarded();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"], timeout: 180_000 });
  });
  after(async () => {
    await (browser as Browser | undefined)?.close();
    program.close();
    program.closeAllConnections();
    await home.remove();
    await sbx("share", sandbox.name, "--revoke", "all");
  });

  async function routeToProgram(): Promise<void> {
    program.listen(0, CLUSTER.address);
    await once(program, "listening");
    const { kube, name: namespace } = home;
    for (const object of reviewObjects({ sandbox: sandbox.name, address: gateAddress(CLUSTER.context) }))
      await kube.create(object);
    await kube.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace },
      spec: { ports: [{ port: 80 }] },
    });
    await kube.create({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web", namespace, labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      ports: [{ name: "", port: (program.address() as AddressInfo).port }],
      endpoints: [{ addresses: [CLUSTER.address], conditions: { ready: true } }],
    });
    await kube.create({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "web", namespace },
      spec: {
        parentRefs: [{ name: GATEWAY.name, namespace: GATEWAY.namespace }],
        hostnames: [new URL(url).hostname],
        rules: [{ filters: [reviewFilter], backendRefs: [{ name: "web", port: 80 }] }],
      },
    });
  }

  /** From its first moment on the way in leads to the gate, or nowhere. */
  async function untilGuarded(): Promise<void> {
    for (const giveUp = Date.now() + 90_000; ;) {
      const { status } = await new CookieBrowser(port).ask(url);
      if (status === 303) return;
      assert.ok([404, 500, 502, 503].includes(status), `an open door: ${status}`);
      assert.ok(Date.now() < giveUp, `the gateway does not ask the gate: ${status}`);
      await sleep(100);
    }
  }

  /** What a person types; the exit code, and what it says. */
  async function sbx(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
    const child = spawn(path.join(projectRoot(), "bin", "hms-sbx"), words, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data.toString()));
    const [code] = (await once(child, "close")) as [number];
    return { code, said };
  }
  const share = async (...words: readonly string[]) => {
    const { code, said } = await sbx("share", url, "--role", "PolicyAnalyst", ...words);
    assert.equal(code, 0, said);
    return said;
  };

  /** A person with a browser of their own, who opens the sandbox and says who they are. */
  async function visit(user: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1000, height: 1100 } });
    page.setDefaultTimeout(120_000);
    await page.goto(url);
    await picture(page, "sign-in");
    await page.getByRole("button", { name: `(${user})` }).click();
    await page.waitForURL(({ hostname }) => !hostname.startsWith("identity."));
    return page;
  }
  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
  }

  it("opens for whom it was shared with, who approves it without a mouse", async () => {
    assert.match(await share("--to", "ana"), /^ana, with the role PolicyAnalyst, may look until .*\n?/);
    const waiting = sbx("wait-approval", sandbox.name, "--role", "PolicyAnalyst", "--timeout", "2m");
    const page = await visit("ana");
    assert.equal(page.url(), url);
    assert.match(await page.content(), /GET from the sandbox/);
    const answer = await page.reload();
    const { "cache-control": cache, "x-robots-tag": robots } = answer?.headers() ?? {};
    assert.deepEqual([answer?.status(), cache, robots], [200, "no-store", "noindex, nofollow"]);

    await page.goto(`${url}.review/`);
    assert.equal(page.url(), reviewUrl(door, sandbox.name));
    for (const text of [sandbox.snapshot, sandbox.changed, sandbox.purpose, "Waiting for a decision"])
      assert.ok(await page.getByText(text).first().isVisible(), text);
    const look: unknown = await page.evaluate("getComputedStyle(document.querySelector('.yes')).backgroundColor");
    assert.equal(look, "rgb(17, 99, 41)", "its style is in force");
    await picture(page, "review");
    const said = "Compared 12 claims with the rule, all as expected.";
    await page.getByLabel("Comment").focus();
    await page.keyboard.type(said);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.match(await page.getByRole("status").innerText(), /Your approval was recorded/);
    await picture(page, "approved");
    const { code, said: told } = await waiting;
    assert.equal(code, 0, told);
    assert.match(told, new RegExp(`ana approved: ${said}\\n${sandbox.name} is approved by PolicyAnalyst`));
    await page.context().close();
  });

  it("lets who may look change nothing, and who may try change its data", async () => {
    await share("--to", "group:agency:labor", "--as", "try");
    await sleep(2100);
    for (const [user, expected] of [
      ["ana", 403],
      ["ben", 200],
    ] as const) {
      const page = await visit(user);
      const write = () => fetch("/claims", { method: "PUT", body: "1" }).then(({ status }) => status);
      assert.equal(await page.evaluate(write), expected, user);
      await page.context().close();
    }
  });

  it("stays shut for somebody whom it was not shared with, and that is noted", async () => {
    const page = await visit("eve");
    assert.match(await page.content(), /You cannot open this/);
    await picture(page, "refused");
    await page.context().close();
    for (const giveUp = Date.now() + 60_000; ;) {
      const records = (await recordsOf({ kube: home.kube }, sandbox.name))?.records ?? [];
      const refused = records.find(({ kind, who }) => kind === "refused" && who === "eve");
      if (refused) {
        assert.deepEqual([refused.reason, refused.snapshot], ["no-grant", sandbox.snapshot]);
        return;
      }
      assert.ok(Date.now() < giveUp, "the refusal was not noted");
      await sleep(200);
    }
  });

  it("gives its program neither the gate's cookies nor what a client says of itself, and believes the gateway alone", async () => {
    const claims = { "X-Forwarded-User": "olga", "Remote-User": "olga", "X-HTTP-Method-Override": "DELETE" };
    const spoofs = { "X-Forwarded-Host": "sbx-other.localhost", "X-Forwarded-Uri": "/", "X-Forwarded-Method": "GET" };
    const client = new CookieBrowser(port);
    const login = await client.open(url);
    assert.equal((await client.open(login.url, { form: { user: "ana" } })).status, 200);
    client.jar(new URL(url).hostname).set("app", "1");
    assert.equal(
      (await client.ask(url, { headers: { ...claims, ...spoofs, Upgrade: "websocket", "Sec-WebSocket-Key": "x" } }))
        .status,
      200,
    );
    const seen = reached.at(-1) ?? {};
    assert.equal(seen.cookie, "app=1");
    for (const name of [...Object.keys(claims), "Sec-WebSocket-Key"])
      assert.equal(seen[name.toLowerCase()], undefined, name);
    assert.equal((await client.ask(url, { method: "PUT", headers: spoofs })).status, 403);
    const stranger = await new CookieBrowser(port).ask(url, { headers: { ...claims, ...spoofs } });
    assert.ok(stranger.location?.startsWith(`${originOf(door, reviewHost(door))}/sign-in?`), stranger.location);
  });

  it("is behind a gate that no pod reaches but the gateway", async () => {
    for (const port of [AUTH_PORT, PAGES_PORT])
      assert.equal(await pod.ask(`http://${CLUSTER.reviewGate}:${port}${HEALTH_PATH}`), REFUSED);
  });

  it("has all of that in the ledger, each thing once, without a cookie or a ticket", async () => {
    const { parts } = await openStackLedger({ stack: "sandboxes", offline: false }, process.env);
    const { entries, verdict } = await readWhole(parts);
    assert.deepEqual(verdict.findings, []);
    const told = entries.filter(({ namespace }) => namespace === sandbox.name);
    const of = (event: string, by: string) => told.filter((entry) => entry.event === event && entry.by === by);
    assert.equal(of("approved", "ana").length, 1);
    assert.equal(of("approved", "ana")[0]?.reason, "Compared 12 claims with the rule, all as expected.");
    assert.ok(of("opened", "ana").length > 0);
    assert.ok(
      told.some(
        ({ event, decisions }) => event === "shared" && decisions.some((one) => one.includes("ana, with the role")),
      ),
    );
    assert.doesNotMatch(JSON.stringify(told), /hms-door|ticket=|code=|eyJ/);
  });

  it("shuts when everything is taken back, and while its gate or its filter is not there", async () => {
    const client = new CookieBrowser(port);
    const login = await client.open(url);
    assert.equal((await client.open(login.url, { form: { user: "ana" } })).status, 200);
    const until = async (shut: (status: number) => boolean, what: string) => {
      // No answer at all lets nobody pass either.
      const status = () =>
        client
          .ask(url)
          .then((got) => got.status)
          .catch(() => 504);
      for (const giveUp = Date.now() + 40_000; !shut(await status());) {
        assert.ok(Date.now() < giveUp, what);
        await sleep(100);
      }
    };
    assert.equal((await sbx("share", sandbox.name, "--revoke", "all")).code, 0);
    await until((status) => status === 403, "what was taken back still opens");
    const asks = {
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      name: "review-gate-asks",
      namespace: home.name,
    };
    const nobody = { spec: { forwardAuth: { address: `http://${CLUSTER.address}:1/` } } };
    await home.kube.patch(asks, nobody, { type: "merge" });
    await until((status) => status >= 500, "it answers without its gate");
    await home.kube.delete({ ...asks, name: "review-gate" });
    await until((status) => status === 404, "it answers without its filter");
  });
});
