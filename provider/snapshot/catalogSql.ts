/**
 * The queries of `readCatalog`. Every one is limited to relations of people's schemas that no extension brought: those come
 * back with `create extension`.
 */

const OURS = `
  select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (
      select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

const IN_OURS = (id: string): string => `${id} in (select oid from (${OURS}) ours)`;

/** The key's columns depend on their table, those of its expressions too, so that none of them can be dropped. */
export const RELATIONS = `
  select c.oid::text as id, n.nspname::text as schema, c.relname::text as "table", c.relkind::text as kind,
    i.inhparent::text as parent,
    case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as bounds,
    array(
      select a.attname::text from pg_attribute a
      where c.relkind = 'p' and a.attrelid = c.oid and a.attnum in (
        select d.objsubid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = 0 and d.deptype = 'i')
      order by a.attnum) as "partitionKey"
  from (${OURS}) c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
  order by n.nspname collate "C", c.relname collate "C"`;

export const COLUMNS = `
  select a.attrelid::text as relation, a.attname::text as name, a.atttypid::text as type, a.atttypmod as modifier,
    format_type(a.atttypid, a.atttypmod) as written, a.attnotnull as "notNull",
    a.attgenerated <> '' as generated, a.attidentity <> '' as identity
  from pg_attribute a
  where a.attnum > 0 and not a.attisdropped and ${IN_OURS("a.attrelid")}
  order by a.attrelid, a.attnum`;

/** Types of columns, and those under them. */
export const TYPES = `
  with recursive used(id) as (
    select a.atttypid from pg_attribute a where a.attnum > 0 and not a.attisdropped and ${IN_OURS("a.attrelid")}
    union
    select under.id from used join pg_type t on t.oid = used.id,
      lateral (values (t.typbasetype), (case when t.typcategory = 'A' then t.typelem else 0 end)) under(id)
    where under.id <> 0)
  select t.oid::text as id,
    case when n.nspname = 'pg_catalog' then t.typname::text else n.nspname || '.' || t.typname end as name,
    t.typtype = 'd' as "isDomain", t.typcategory = 'A' and t.typtype <> 'd' as "isArray", t.typbasetype::text as under,
    t.typtypmod as modifier, t.typelem::text as element, t.typnotnull as "notNull",
    case when t.typtype = 'e' then array(
      select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) end as labels,
    array(select c.conname::text from pg_constraint c where c.contypid = t.oid and c.contype = 'c' order by 1) as checks
  from used join pg_type t on t.oid = used.id join pg_namespace n on n.oid = t.typnamespace`;

/** An index depends on the columns of its expressions and of its condition; `indkey` has the plain ones. */
export const KEYS = `
  select i.indrelid::text as relation, c.relname::text as name, i.indisprimary as primary,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as "nullsEqual",
    array(
      select a.attname::text from pg_attribute a
      where a.attrelid = i.indrelid and (
        a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        or (i.indexprs is not null or i.indpred is not null) and a.attnum in (
          select d.refobjsubid from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
            and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid))
      and a.attnum > 0
      order by a.attnum) as columns
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indisunique and ${IN_OURS("i.indrelid")}
  order by c.relname collate "C"`;

/** No columns where one of them is an expression or the whole row. */
export const CHECKS = `
  select c.conrelid::text as relation, c.conname::text as name,
    case when 0 = any (c.conkey) then '{}' else array(
      select a.attname::text from pg_attribute a
      where a.attrelid = c.conrelid and a.attnum = any (c.conkey) order by a.attnum) end as columns
  from pg_constraint c
  where c.contype in ('c', 'x') and ${IN_OURS("c.conrelid")}
  order by c.conname collate "C"`;

export const FOREIGN_KEYS = `
  select c.conname::text as name, c.conrelid::text as relation, c.confrelid::text as target,
    (select json_agg(json_build_array(f.attname, t.attname) order by pair.position)
      from unnest(c.conkey, c.confkey) with ordinality as pair(source, target, position)
      join pg_attribute f on f.attrelid = c.conrelid and f.attnum = pair.source
      join pg_attribute t on t.attrelid = c.confrelid and t.attnum = pair.target) as columns
  from pg_constraint c
  where c.contype = 'f' and c.conparentid = 0 and ${IN_OURS("c.conrelid")}
  order by c.conname collate "C"`;

export const SEQUENCES = `
  select n.nspname::text as schema, c.relname::text as name, d.refobjid::text as relation, a.attname::text as "column"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid
    and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relkind = 'S' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (
      select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
  order by n.nspname collate "C", c.relname collate "C"`;

export const LARGE_OBJECTS = "select count(*)::int as count from pg_largeobject_metadata";
