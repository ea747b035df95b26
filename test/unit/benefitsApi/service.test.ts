import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { Pool } from "pg";
import { parseExamples } from "../../../core/service/examples";
import { judgeResponse } from "../../../core/service/smoke";
import { buildApp } from "../../../examples/benefits-api/src/app";
import { newestVersion, readMigrations } from "../../../examples/benefits-api/src/migrations";
import { payoutOf } from "../../../examples/benefits-api/src/payout";
import { decisionRequest, parseDecision, PolicyUnavailable } from "../../../examples/benefits-api/src/policy";
import { readSettings } from "../../../examples/benefits-api/src/settings";

const FOLDER = resolve(__dirname, "../../../examples/benefits-api");
const CLAIM = {
  reference: "2026/0001",
  region: "central-valley",
  crop: "almonds",
  drought: "extreme",
  acres: 100,
  income: 250_000,
  yield: { expected: 2000, harvested: 1000 },
};

const decision = (amount: number, eligible = true) => ({ amount, eligible, reasons: [], policyVersion: "2026.1" });
const dollars = fc.nat({ max: 125_000 });

describe("a payout", () => {
  it("is what was awarded less what was paid, and never below zero", () => {
    fc.assert(
      fc.property(dollars, fc.nat({ max: 20_000_000 }), (amount, paid) => {
        const { awardedCents, dueCents, overpaidCents } = payoutOf(decision(amount), paid);
        assert.equal(awardedCents, amount * 100);
        assert.ok(dueCents >= 0 && overpaidCents >= 0 && Math.min(dueCents, overpaidCents) === 0);
        assert.equal(dueCents - overpaidCents, awardedCents - paid);
      }),
    );
  });

  it("is nothing without eligibility, whatever the amount says", () => {
    const { awardedCents, dueCents, overpaidCents } = payoutOf(decision(500, false), 100);
    assert.deepEqual([awardedCents, dueCents, overpaidCents], [0, 0, 100]);
  });
});

describe("the policy's answer", () => {
  for (const [what, status, body] of [
    ["another status", 500, '{"result":{}}'],
    ["no JSON", 200, "<html>"],
    ["nothing decided", 200, "{}"],
    ["null", 200, "null"],
    ["an amount that is a text", 200, '{"result":{"eligible":true,"amount":"1","reasons":[],"policyVersion":"1"}}'],
    ["a negative amount", 200, '{"result":{"eligible":true,"amount":-1,"reasons":[],"policyVersion":"1"}}'],
    ["no version", 200, '{"result":{"eligible":true,"amount":1,"reasons":[]}}'],
  ] as const) {
    it(`is no decision: ${what}`, () => {
      assert.throws(() => parseDecision(status, body), PolicyUnavailable);
    });
  }

  it("is relied on by examples that send what the service sends, and hold what it reads", () => {
    const parsed = parseExamples(readFileSync(`${FOLDER}/contracts/drought-benefit.yaml`, "utf8"), "examples");
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("\n"));
    const [covered, refused] = parsed.value;
    assert.ok(covered && refused);
    assert.deepEqual(covered.request.body, decisionRequest(CLAIM));
    const good = { result: { eligible: true, amount: 15_375, reasons: [], policyVersion: "2026.1" } };
    const answer = (result: object) => ({ status: 200, headers: {}, body: JSON.stringify({ result }) });
    assert.deepEqual(judgeResponse(covered, answer(good.result)), { ok: true });
    // Whatever the service would refuse to read, the examples refuse too.
    for (const key of Object.keys(good.result)) {
      const lacking = Object.fromEntries(Object.entries(good.result).filter(([name]) => name !== key));
      assert.throws(() => parseDecision(200, JSON.stringify({ result: lacking })), PolicyUnavailable, key);
      assert.ok(!judgeResponse(covered, answer(lacking)).ok, key);
    }
  });
});

describe("the settings of benefits-api", () => {
  const good = { POLICY_URL: "http://policy:8080", PGHOST: "db" };
  it("name the policy by its address where no other name is given", () => {
    assert.deepEqual(readSettings(good).policy, {
      url: new URL("http://policy:8080"),
      host: "policy:8080",
      timeoutMs: 2000,
    });
    assert.equal(readSettings({ ...good, POLICY_HOST: "rules.example.gov" }).policy.host, "rules.example.gov");
  });
  it("name everything that is missing, and no value", () => {
    assert.throws(
      () => readSettings({ POLICY_URL: "planted", PORT: "planted" }),
      (error: Error) => /POLICY_URL.*DATABASE_URL.*PORT/.test(error.message) && !error.message.includes("planted"),
    );
  });
});

describe("benefits-api without a database", () => {
  const nowhere = () => new Pool({ host: "127.0.0.1", port: 1, connectionTimeoutMillis: 500 });
  const build = () =>
    buildApp({ pool: nowhere(), askPolicy: () => Promise.resolve(decision(1)), neededSchema: 1, logger: false });

  it("is not ready, and says why", async () => {
    const answer = await build().inject("/health");
    assert.equal(answer.statusCode, 503);
    assert.match(answer.json<{ reason: string }>().reason, /database/);
  });

  for (const [what, change, field] of [
    ["without a region", { region: undefined }, "region"],
    ["of no acres", { acres: 0 }, "acres"],
    ["with a harvest below zero", { yield: { expected: 1, harvested: -1 } }, "harvested"],
    ["with a text for a number", { income: "much" }, "income"],
    ["with a reference that is a sentence", { reference: "John Smith, 1 Main St" }, "reference"],
  ] as const) {
    it(`refuses a claim ${what}, by name`, async () => {
      const answer = await build().inject({ method: "POST", url: "/claims", payload: { ...CLAIM, ...change } });
      assert.equal(answer.statusCode, 400);
      assert.match(answer.body, new RegExp(field));
    });
  }

  it("answers an estimate, which needs none, and hides why it could not keep a claim", async () => {
    const estimate = await build().inject({ method: "POST", url: "/estimates", payload: CLAIM });
    assert.deepEqual([estimate.statusCode, estimate.json<{ dueCents: number }>().dueCents], [200, 100]);
    const kept = await build().inject({ method: "POST", url: "/claims", payload: CLAIM });
    assert.equal(kept.statusCode, 500);
    assert.ok(!/127\.0\.0\.1|ECONN/.test(kept.body), kept.body);
  });
});

describe("the migrations of benefits-api", () => {
  it("each have a way back, and are numbered without a gap", () => {
    const migrations = readMigrations(`${FOLDER}/migrations`);
    assert.deepEqual(
      migrations.map(({ version }) => version),
      migrations.map((_, index) => index + 1),
    );
    assert.equal(newestVersion(migrations), migrations.length);
    for (const { up, down } of migrations) assert.ok(up.trim() !== "" && down.trim() !== "");
  });
});
