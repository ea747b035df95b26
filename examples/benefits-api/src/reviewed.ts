import type { Pool } from "pg";
import type { Claim } from "./claim.ts";
import { payoutOf } from "./payout.ts";
import type { AskPolicy } from "./policy.ts";

/** What is asked of the office's own claims, as a clone of its database has them. */
export interface ReviewQuestion {
  /** Most claims in one answer. */
  readonly limit: number;
  /** The database names no region and keeps no harvest: both are assumed, the same for all claims. */
  readonly region: string;
  /** Share of the expected harvest that was lost, from 0 to 1. */
  readonly loss: number;
}

/** What a policy decides for a claim of the clone, beside what was paid for it. */
export interface ReviewedClaim {
  readonly programYear: number;
  readonly claim: string;
  readonly crop: string;
  readonly drought: string;
  readonly acres: number;
  readonly eligible: boolean;
  readonly reasons: readonly string[];
  readonly awardedCents: number;
  readonly paidCents: number;
}

export interface Review {
  readonly policyVersion: string | null;
  readonly assumed: Pick<ReviewQuestion, "region" | "loss">;
  readonly claims: readonly ReviewedClaim[];
  readonly totals: {
    readonly claims: number;
    readonly eligible: number;
    readonly awardedCents: number;
    readonly paidCents: number;
  };
}

interface Row {
  readonly program_year: number;
  readonly id: string;
  readonly crop: string;
  readonly level: string;
  readonly acres: number;
  readonly income_cents: number;
  readonly paid_cents: number;
}

const EXPECTED_HARVEST = 1000;
/** Questions to the policy at a time. */
const AT_ONCE = 8;

export const REVIEW_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    limit: { type: "integer", minimum: 1, maximum: 500, default: 20 },
    region: { type: "string", maxLength: 60, pattern: "^[a-z][a-z0-9-]*$", default: "central-valley" },
    loss: { type: "number", minimum: 0, maximum: 1, default: 0.5 },
  },
} as const;

/** Reviews the oldest claims of the clone. `undefined` where the database has none of the office's tables. */
export async function review(pool: Pool, askPolicy: AskPolicy, question: ReviewQuestion): Promise<Review | undefined> {
  const there = await pool.query<{ there: boolean }>("select to_regclass('benefit.claims') is not null as there");
  if (there.rows[0]?.there !== true) return undefined;
  const { rows } = await pool.query<Row>(
    // One look at all payouts: they have no index by claim.
    `with chosen as (
       select program_year, id, crop, level, acres, income from benefit.claims order by program_year, id limit $1
     ), paid as (
       select program_year, claim as id, sum(cents)::float8 as cents from benefit.payouts
       where (program_year, claim) in (select program_year, id from chosen) group by program_year, claim
     )
     select program_year, id::text, crop, level::text, acres::float8, income::float8 as income_cents,
       coalesce(cents, 0) as paid_cents
     from chosen left join paid using (program_year, id) order by program_year, chosen.id`,
    [question.limit],
  );
  const versions = new Set<string>();
  const claims = await inBatches(rows, async (row): Promise<ReviewedClaim> => {
    const payout = payoutOf(await askPolicy(claimOf(row, question)), row.paid_cents);
    versions.add(payout.policyVersion);
    const { eligible, reasons, awardedCents, paidCents } = payout;
    const { program_year: programYear, id: claim, crop, level: drought, acres } = row;
    return { programYear, claim, crop, drought, acres, eligible, reasons, awardedCents, paidCents };
  });
  const sum = (of: (claim: ReviewedClaim) => number) => claims.reduce((total, claim) => total + of(claim), 0);
  return {
    policyVersion: [...versions].sort().join(", ") || null,
    assumed: { region: question.region, loss: question.loss },
    claims,
    totals: {
      claims: claims.length,
      eligible: sum(({ eligible }) => (eligible ? 1 : 0)),
      awardedCents: sum(({ awardedCents }) => awardedCents),
      paidCents: sum(({ paidCents }) => paidCents),
    },
  };
}

const claimOf = (row: Row, { region, loss }: ReviewQuestion): Claim => ({
  reference: row.id,
  region,
  crop: row.crop,
  drought: row.level,
  acres: row.acres,
  income: row.income_cents / 100,
  yield: { expected: EXPECTED_HARVEST, harvested: Math.round(EXPECTED_HARVEST * (1 - loss)) },
});

async function inBatches<From, To>(all: readonly From[], work: (one: From) => Promise<To>): Promise<To[]> {
  const done: To[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE)
    done.push(...(await Promise.all(all.slice(from, from + AT_ONCE).map(work))));
  return done;
}
