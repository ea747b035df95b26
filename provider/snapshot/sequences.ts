import type { Client } from "pg";
import { quoteName, quoteRelation, quoteText } from "../../core/scrub/sql";
import { loadError } from "./loadError";

interface Use {
  readonly schema: string;
  readonly sequence: string;
  readonly increment: string;
  readonly least: string;
  readonly most: string;
  /** Column of whole numbers that the sequence gives values to. */
  readonly relation: { readonly schema: string; readonly table: string };
  readonly column: string;
}

/** Columns that own a sequence, and those whose default asks one. */
const USES = `
  select n.nspname as schema, c.relname as sequence, s.seqincrement::text as increment, s.seqmin::text as least,
    s.seqmax::text as most, json_build_object('schema', rn.nspname, 'table', r.relname) as relation, a.attname as "column"
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  join pg_namespace n on n.oid = c.relnamespace
  join (
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid as number from pg_depend d
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
      and d.deptype in ('a', 'i')
    union
    select d.refobjid, f.adrelid, f.adnum from pg_depend d
    join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid
    where d.refclassid = 'pg_class'::regclass) used on used.sequence = s.seqrelid
  join pg_class r on r.oid = used.relation
  join pg_namespace rn on rn.oid = r.relnamespace
  join pg_attribute a on a.attrelid = r.oid and a.attnum = used.number
  join pg_type t on t.oid = a.atttypid
  where t.typcategory = 'N' and r.relkind in ('r', 'p')
  order by 1, 2`;

/**
 * Sets each sequence behind the values that its columns have: fakes of integers may be larger than what the source had.
 * Where a fake is the sequence's very last value, it goes on in the longest run of values that nobody has.
 * @throws ScrubError
 */
export async function setSequences(client: Client): Promise<void> {
  try {
    const bySequence = new Map<string, Use[]>();
    for (const use of (await client.query<Use>(USES)).rows) {
      const name = quoteRelation({ schema: use.schema, table: use.sequence });
      bySequence.set(name, [...(bySequence.get(name) ?? []), use]);
    }
    for (const [name, uses] of bySequence) await setSequence(client, name, uses);
  } catch (error) {
    throw loadError(error, { kind: "sequences" });
  }
}

async function setSequence(client: Client, sequence: string, uses: readonly Use[]): Promise<void> {
  const [first] = uses;
  if (!first) return;
  const { increment, least, most } = first;
  const values = uses
    .map(({ relation, column }) => `select ${quoteName(column)}::numeric as value from ${quoteRelation(relation)}`)
    .join(" union all ");
  const within = `select value from (${values}) all_ where value between ${least} and ${most}`;
  const up = !increment.startsWith("-");
  const { rows } = await client.query<{ last: string | null }>(
    `select ${up ? "max" : "min"}(value)::text as last from (${within}) used`,
  );
  const last = rows[0]?.last ?? null;
  if (last === null) return;
  const text = quoteText(sequence);
  if (!up || last !== most) {
    await client.query(`select setval(${text}, ${last})`);
    return;
  }
  const gap = await client.query<{ from: string; room: string }>(
    `select value::text as "from", (lead(value) over (order by value) - value)::text as room
     from (select ${least}::numeric - 1 as value union ${within}) used
     order by lead(value) over (order by value) - value desc nulls last limit 1`,
  );
  const [longest] = gap.rows;
  const free = longest !== undefined && BigInt(longest.room) > 1n;
  if (free) await client.query(`select setval(${text}, ${BigInt(longest.from) + 1n}, false)`);
  else await client.query(`select setval(${text}, ${last})`);
}
