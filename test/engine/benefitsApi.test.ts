import assert from "node:assert/strict";
import { resolve } from "node:path";
import { Pool } from "pg";
import { buildApp } from "../../examples/benefits-api/src/app";
import {
  migrateDown,
  migrateUp,
  newestVersion,
  readMigrations,
  schemaVersion,
} from "../../examples/benefits-api/src/migrations";
import type { Review } from "../../examples/benefits-api/src/reviewed";
import { PolicyUnavailable, type AskPolicy } from "../../examples/benefits-api/src/policy";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { TestDatabase } from "../support/database";

const MIGRATIONS = readMigrations(resolve(__dirname, "../../examples/benefits-api/migrations"));
const CLAIM = {
  reference: "2026/0001",
  region: "central-valley",
  crop: "almonds",
  drought: "extreme",
  acres: 100.5,
  income: 250_000,
  yield: { expected: 2000, harvested: 1000 },
};

describe("benefits-api on a real PostgreSQL", () => {
  const database = new TestDatabase("api");
  let pool: Pool;
  let askPolicy: AskPolicy = () =>
    Promise.resolve({ eligible: true, amount: 1000, reasons: [], policyVersion: "2026.1" });

  before(async () => {
    await database.create();
    pool = new Pool({ ...database.options, max: 4 });
  });
  after(async () => {
    await pool.end();
    await database.remove();
  });
  const app = () =>
    buildApp({ pool, askPolicy: (claim) => askPolicy(claim), neededSchema: newestVersion(MIGRATIONS), logger: false });
  const post = async (payload: object) => {
    const answer = await app().inject({ method: "POST", url: "/claims", payload });
    return { status: answer.statusCode, body: answer.json<{ id: string; error?: string }>() };
  };

  it("is not ready before its schema is there, also while it is behind", async () => {
    assert.equal((await app().inject("/health")).statusCode, 503);
    await migrateUp(pool, MIGRATIONS.slice(0, 1));
    const behind = await app().inject("/health");
    assert.deepEqual([behind.statusCode, behind.json<{ reason: string }>().reason], [503, "schema 1, needed is 2"]);
  });

  it("brings its schema up once, however often and by however many it is run", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrateUp(pool, MIGRATIONS)));
    assert.deepEqual(runs.flat(), ["payments-by-claim"]);
    assert.deepEqual(await migrateUp(pool, MIGRATIONS), []);
    assert.equal((await app().inject("/health")).statusCode, 200);
  });

  it("keeps a claim once, and refuses another one under its reference", async () => {
    const [first, again] = [await post(CLAIM), await post(CLAIM)];
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.equal(again.body.id, first.body.id);
    const other = await post({ ...CLAIM, acres: 7 });
    assert.deepEqual([other.status, other.body.error], [409, "reference-taken"]);
    assert.deepEqual((await app().inject(`/claims/${first.body.id}`)).json(), { id: first.body.id, ...CLAIM });
  });

  it("takes a reference as a text, whatever it holds", async () => {
    const { status } = await post({ ...CLAIM, reference: "x'; drop table claims; --" });
    assert.equal(status, 400);
    assert.equal((await pool.query("select 1 from claims")).rowCount, 1);
  });

  it("takes off a payout what was paid", async () => {
    const { body } = await post({ ...CLAIM, reference: "2026/0002" });
    await pool.query("insert into payments (claim, cents) values ($1, 30000), ($1, 5)", [body.id]);
    const payout = (await app().inject(`/claims/${body.id}/payout`)).json<Record<string, unknown>>();
    assert.deepEqual(
      [payout.awardedCents, payout.paidCents, payout.dueCents, payout.policyVersion],
      [100_000, 30_005, 69_995, "2026.1"],
    );
  });

  it("reviews the claims of a clone: what the policy decides beside what was paid, and where none is there says so", async () => {
    assert.equal((await app().inject("/payouts")).statusCode, 404);
    const client = await pool.connect();
    await fillDatabase(client, { people: 30, seed: 7 });
    client.release();
    const asked: unknown[] = [];
    askPolicy = (claim) => {
      asked.push(claim);
      return Promise.resolve({ eligible: claim.crop === "almonds", amount: 12, reasons: [], policyVersion: "2026.1" });
    };
    const answer = await app().inject("/payouts?limit=25&loss=0.4&region=central-coast");
    const { claims, totals, policyVersion } = answer.json<Review>();
    assert.deepEqual([answer.statusCode, claims.length, policyVersion], [200, 25, "2026.1"]);
    for (const one of claims) assert.equal(one.awardedCents, one.crop === "almonds" ? 1200 : 0, one.crop);
    assert.ok(totals.eligible > 0 && totals.eligible < 25);
    assert.equal(totals.awardedCents, totals.eligible * 1200);
    const paid = await pool.query<{ cents: string }>("select coalesce(sum(cents), 0) as cents from benefit.payouts");
    assert.ok(totals.paidCents > 0 && totals.paidCents <= Number(paid.rows[0]?.cents));
    const [first] = asked as readonly { readonly region: string; readonly yield: unknown }[];
    assert.deepEqual([first?.region, first?.yield], ["central-coast", { expected: 1000, harvested: 600 }]);
    for (const wrong of ["limit=0", "limit=501", "loss=2", "region=x'--", "all=yes"])
      assert.equal((await app().inject(`/payouts?${wrong}`)).statusCode, wrong === "all=yes" ? 200 : 400, wrong);
  });

  it("says that it cannot tell while the policy does not answer, and pays nothing on a guess", async () => {
    const { body } = await post({ ...CLAIM, reference: "2026/0003" });
    askPolicy = () => Promise.reject(new PolicyUnavailable("the policy did not answer within 2000 ms"));
    const answer = await app().inject(`/claims/${body.id}/payout`);
    assert.deepEqual(
      [answer.statusCode, answer.headers["retry-after"], answer.json<{ error: string }>().error],
      [503, "5", "policy-unavailable"],
    );
  });

  it("goes one step back at a time, and leaves a schema that it does not know alone", async () => {
    assert.deepEqual(await migrateDown(pool, MIGRATIONS), ["payments-by-claim"]);
    assert.equal(await schemaVersion(pool), 1);
    assert.deepEqual(await migrateDown(pool, []), []);
    assert.equal(await schemaVersion(pool), 1);
  });
});
