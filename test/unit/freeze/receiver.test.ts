import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileStore } from "../../../provider/freeze/fileStore";
import { askFreeze } from "../../../provider/freeze/look";
import { freezeReceiver, listen } from "../../../provider/freeze/receiver";
import type { FreezeStore } from "../../../provider/freeze/store";

const TOKEN = "0123456789abcdef0123";
const ALERT = {
  status: "firing",
  labels: { alertname: "ErrorBudgetBurn", freeze: "true" },
  annotations: { summary: "errors above budget" },
  startsAt: "2026-12-20T08:00:00.123456789Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus.example.gov/graph?g0.expr=1",
  fingerprint: "a1b2c3d4e5f60718",
};
const body = (alerts: readonly object[], keys: object = {}) => ({
  version: "4",
  groupKey: "{}",
  truncatedAlerts: 0,
  status: "firing",
  receiver: "hms",
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "http://alertmanager.example.gov",
  alerts,
  ...keys,
});

describe("the receiver of alerts", () => {
  let folder: string;
  let store: FreezeStore;
  let stop: AbortController;
  const log: string[] = [];

  const start = (token?: string, into = store) => {
    const label = { name: "freeze", value: "true" };
    const server = freezeReceiver({
      ...{ store: into, stack: "prod", label, log: (message) => log.push(message) },
      ...(token === undefined ? {} : { token }),
    });
    return listen(server, "127.0.0.1", 0, stop.signal);
  };
  const post = (address: string, payload: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(address, { method: "POST", headers, body: typeof payload === "string" ? payload : JSON.stringify(payload) });
  const frozen = async () => {
    const decision = await askFreeze(store, { stack: "prod", action: "deploy" });
    return decision.frozen ? decision : undefined;
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "hms-freeze-"));
    store = fileStore(path.join(folder, "freeze"));
    stop = new AbortController();
    log.length = 0;
  });
  afterEach(() => {
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  });

  it("raises a freeze with reason and link, and lowers its own and no other", async () => {
    const address = await start();
    writeFileSync(path.join(folder, "freeze"), "");
    const raised = await post(address, body([ALERT, { ...ALERT, labels: { alertname: "Other" }, fingerprint: "ff" }]));
    assert.deepEqual(
      [raised.status, await raised.json()],
      [200, { raised: ["alertmanager/prod/a1b2c3d4e5f60718"], lowered: [] }],
    );
    assert.equal((await frozen())?.others, 1);
    rmSync(path.join(folder, "freeze"));
    await post(address, body([ALERT]));
    await post(address, body([ALERT]));
    const { reason, who, since, link, others } = (await frozen()) ?? {};
    assert.deepEqual(
      [reason, who, since, link, others],
      [
        "ErrorBudgetBurn: errors above budget",
        "Alertmanager (receiver hms)",
        "2026-12-20T08:00:00Z",
        ALERT.generatorURL,
        0,
      ],
    );
    const lowered = await post(address, body([{ ...ALERT, status: "resolved" }]));
    assert.equal(lowered.status, 200);
    assert.equal(await frozen(), undefined);
  });

  it("leaves other people's flags, and stacks, when an alert is resolved", async () => {
    const address = await start();
    await store.update((texts) => ({
      ...texts,
      flag: JSON.stringify({ flags: [{ reason: "mine", who: "me", since: null }] }),
    }));
    await post(address, body([ALERT]));
    await post(address, body([{ ...ALERT, status: "resolved" }]));
    const left = await frozen();
    assert.deepEqual([left?.reason, left?.others], ["mine", 0]);
    await store.update(() => ({}));
    await post(address, body([ALERT]));
    assert.equal((await askFreeze(store, { stack: "staging", action: "deploy" })).frozen, false);
  });

  it("takes nothing from a sender without the token", async () => {
    const address = await start(TOKEN);
    for (const headers of [{}, { Authorization: "Bearer wrong" }, { Authorization: TOKEN }] as Record<string, string>[])
      assert.equal((await post(address, body([ALERT]), headers)).status, 401);
    assert.equal(await frozen(), undefined);
    assert.equal((await post(address, body([ALERT]), { Authorization: `Bearer ${TOKEN}` })).status, 200);
    assert.ok(await frozen());
  });

  const BAD: readonly (readonly [string, unknown, number, RegExp])[] = [
    ["no JSON", "{", 400, /no JSON/],
    ["no notification", [], 400, /version 4/],
    ["another version", body([ALERT], { version: "3" }), 400, /version/],
    ["alerts that are no list", body([], { alerts: {} }), 400, /alerts/],
    ["an alert of no known status", body([{ ...ALERT, status: "maybe" }]), 400, /alerts\.0\.status/],
    ["an alert without fingerprint", body([{ ...ALERT, fingerprint: undefined }]), 400, /alerts\.0\.fingerprint/],
    ["labels that are no texts", body([{ ...ALERT, labels: { freeze: true } }]), 400, /alerts\.0\.labels/],
    ["a body without end", "x".repeat(1024 * 1024 + 1), 413, /longer/],
  ];
  for (const [what, payload, status, reason] of BAD)
    it(`refuses ${what}, and freezes nothing`, async () => {
      const answer = await post(await start(), payload);
      assert.deepEqual([answer.status, reason.test(await answer.text())], [status, true]);
      assert.equal(await frozen(), undefined);
    });

  it("answers other methods and paths so that a mistaken set-up is seen", async () => {
    const address = await start();
    const root = address.replace("/alertmanager", "");
    const statuses = await Promise.all([fetch(address), fetch(`${root}/else`), fetch(`${root}/healthz`)]);
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [405, 404, 200],
    );
  });

  it("is sent again what it could not write", async () => {
    const address = await start(undefined, { ...store, update: () => Promise.reject(new Error("read-only")) });
    const answer = await post(address, body([ALERT]));
    assert.deepEqual([answer.status, /read-only/.test(await answer.text())], [503, true]);
    writeFileSync(path.join(folder, "freeze"), "flags: [");
    const unreadable = await start();
    assert.equal((await post(unreadable, body([ALERT]))).status, 503);
  });
});
