import type { Pool } from "pg";
import { sameClaim, type Claim, type StoredClaim } from "./claim.ts";

/** Another claim has this reference already. */
export class ReferenceTaken extends Error {
  override readonly name = "ReferenceTaken";
}

interface Row {
  readonly id: string;
  readonly reference: string;
  readonly region: string;
  readonly crop: string;
  readonly drought: string;
  readonly acres: number;
  readonly income: number;
  readonly yield_expected: number;
  readonly yield_harvested: number;
}

const COLUMNS = "id, reference, region, crop, drought, acres, income, yield_expected, yield_harvested";

/** Claims as the database keeps them. */
export class Claims {
  private readonly pool: Pool;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /**
   * Keeps a claim. The same one again is answered as before, so a sender that heard nothing may simply repeat.
   * @throws ReferenceTaken
   */
  async add(claim: Claim): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const { reference, region, crop, drought, acres, income, yield: harvest } = claim;
    const added = await this.pool.query<{ id: string }>(
      `insert into claims (reference, region, crop, drought, acres, income, yield_expected, yield_harvested)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (reference) do nothing returning id`,
      [reference, region, crop, drought, acres, income, harvest.expected, harvest.harvested],
    );
    const [row] = added.rows;
    if (row) return { id: row.id, isNew: true };
    const before = await this.pool.query<Row>(`select ${COLUMNS} from claims where reference = $1`, [reference]);
    const known = before.rows.map(claimOf).at(0);
    if (!known || !sameClaim(known, claim)) throw new ReferenceTaken("another claim has this reference");
    return { id: known.id, isNew: false };
  }

  /** The claim, and what was paid on it so far; `undefined` when there is none. */
  async find(id: string): Promise<{ readonly claim: StoredClaim; readonly paidCents: number } | undefined> {
    const { rows } = await this.pool.query<Row & { readonly paid_cents: number }>(
      `select ${COLUMNS}, (select coalesce(sum(cents), 0)::float8 from payments where claim = claims.id) as paid_cents
       from claims where id = $1`,
      [id],
    );
    const [row] = rows;
    return row && { claim: claimOf(row), paidCents: row.paid_cents };
  }
}

const claimOf = ({ yield_expected, yield_harvested, ...rest }: Row): StoredClaim => ({
  id: rest.id,
  reference: rest.reference,
  region: rest.region,
  crop: rest.crop,
  drought: rest.drought,
  acres: rest.acres,
  income: rest.income,
  yield: { expected: yield_expected, harvested: yield_harvested },
});
