import type { CatalogType } from "./catalog";
import { quoteText } from "./sql";
import type { QuasiTag } from "./tags";

/** Ages above this are one group, as HIPAA's safe harbor has it (45 CFR 164.514(b)(2)(i)(C)). */
const OLDEST_APART = 89;

/** First three digits of ZIP codes that fewer than 20,000 people share, by the census of 2000; one group. */
const SPARSE_ZIPS = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split(" ");

/**
 * The SQL of a column made coarser, of the column's own type; NULL stays NULL.
 * @param column quoted. @param year in which the snapshot is taken: who is older than 89 depends on it.
 */
export function coarsened(
  tag: Exclude<QuasiTag, "quasi.category">,
  column: string,
  type: CatalogType,
  year: number,
): string {
  switch (tag) {
    case "quasi.date":
      return `(${firstOfYear(column, type)})::${type.written}`;
    case "quasi.birthdate": {
      // Who was born in it is 89 or 90 years old: with the old.
      const pooled = `make_date(${year - OLDEST_APART - 1}, 1, 1)`;
      const utc = type.base === "timestamptz" ? " at time zone 'UTC'" : "";
      const old = `${column}${utc} < make_date(${year - OLDEST_APART}, 1, 1)`;
      const oldest = type.base === "timestamptz" ? `(${pooled}::timestamp at time zone 'UTC')` : pooled;
      return `(case when ${old} then ${oldest} else ${firstOfYear(column, type)} end)::${type.written}`;
    }
    case "quasi.age":
      return `(case when ${column} > ${OLDEST_APART} then ${OLDEST_APART + 1} else ${column} end)::${type.written}`;
    case "quasi.zip":
      return `(${isInteger(type) ? integerZip(column) : textZip(column)})::${type.written}`;
  }
}

/** Of the year in UTC: a session's time zone must not decide what a snapshot says. */
function firstOfYear(column: string, type: CatalogType): string {
  if (type.base === "timestamptz") return `date_trunc('year', ${column} at time zone 'UTC') at time zone 'UTC'`;
  return `date_trunc('year', ${column}::timestamp)`;
}

const sparse = (values: readonly string[]): string => `(${values.join(", ")})`;

/** What is no ZIP code becomes 00000: nobody knows what it says. */
function textZip(column: string): string {
  const text = `btrim(${column}::text)`;
  const area = `left(${text}, 3)`;
  const known = `${text} ~ '^[0-9]{5}(-?[0-9]{4})?$' and ${area} not in ${sparse(SPARSE_ZIPS.map(quoteText))}`;
  return `case when ${column} is null then null when ${known} then ${area} || '00' else '00000' end`;
}

function integerZip(column: string): string {
  const known = `${column} between 0 and 99999 and ${column} / 100 not in ${sparse(SPARSE_ZIPS.map((zip) => String(Number(zip))))}`;
  return `case when ${column} is null then null when ${known} then ${column} / 100 * 100 else 0 end`;
}

const isInteger = ({ base }: CatalogType): boolean => base === "int2" || base === "int4" || base === "int8";
