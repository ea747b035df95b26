import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Client } from "pg";
import { copyField } from "../../core/scrub/copyText";
import type { FieldAction, PlannedTable } from "../../core/scrub/plan";
import { quoteRelation } from "../../core/scrub/sql";
import type { FakeTag } from "../../core/scrub/tags";
import { hmsHome } from "../../platform/home";

/** pganonymize and all that it asks for, each in one version. */
const REQUIREMENTS = [
  "pganonymize==0.13.0",
  "faker==40.54.0",
  "parmap==1.7.0",
  "pgcopy==1.6.2",
  "psycopg2==2.9.13",
  "pytz==2026.6",
  "pyyaml==6.0.3",
  "tqdm==4.70.1",
];

/** Runs a program to its end, without an environment of its own in that of the database. */
type Run = (program: string, args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<unknown>;

/** Texts and names of the example's largest tables; it changes rows where they lie, and knows neither documents nor keys. */
const SCHEMA = `
tables:
  - people:
      primary_key: id
      fields:
        - given_name: { provider: { name: fake.first_name } }
        - family_name: { provider: { name: fake.last_name } }
        - ssn: { provider: { name: fake.unique.ssn } }
        - email: { provider: { name: md5 }, append: "@example.org" }
        - phone: { provider: { name: fake.phone_number } }
        - username: { provider: { name: md5 } }
  - households:
      primary_key: id
      fields:
        - street: { provider: { name: fake.street_address } }
  - payouts:
      primary_key: id
      fields:
        - account: { provider: { name: fake.bban } }
        - card: { provider: { name: fake.credit_card_number } }
  - notes:
      primary_key: id
      fields:
        - written_by: { provider: { name: md5 } }
        - body: { provider: { name: fake.sentence } }
`;
/** Rows that it changes. */
export const PGANONYMIZE_ROWS =
  "select (select count(*) from benefit.people) + (select count(*) from benefit.households) + " +
  "(select count(*) from benefit.payouts) + (select count(*) from benefit.notes) as rows";

/** Its numbers meet those that are there: with 30,000 people one time in two, with 100,000 always. */
export const PGANONYMIZE_NEEDS = "alter table benefit.people drop constraint people_ssn_key";

/** A Python environment with pganonymize, made once under HMS_HOME. @returns its program */
export async function pganonymize(env: NodeJS.ProcessEnv, run: Run): Promise<string> {
  const folder = path.join(hmsHome(env), "cache", `bench-${REQUIREMENTS[0] ?? ""}`);
  const program = path.join("bin", "pganonymize");
  if (!existsSync(path.join(folder, "complete"))) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(path.dirname(folder), { recursive: true });
    await run("python3", ["-m", "venv", folder]);
    await run(path.join(folder, "bin", "pip"), ["install", "--quiet", "--no-deps", ...REQUIREMENTS]);
    await writeFile(path.join(folder, "complete.new"), "");
    await rename(path.join(folder, "complete.new"), path.join(folder, "complete"));
  }
  return path.join(folder, program);
}

/** @param folder for its rules, and for the password, which it takes from no variable. */
export async function runPganonymize(program: string, folder: string, env: NodeJS.ProcessEnv, run: Run): Promise<void> {
  const rules = path.join(folder, "pganonymize.yml");
  const passwords = path.join(folder, "pgpass");
  await writeFile(rules, SCHEMA);
  await writeFile(passwords, `*:*:*:*:${env["PGPASSWORD"] ?? ""}\n`, { mode: 0o600 });
  const at = ["--host", env["PGHOST"] ?? "", "--port", env["PGPORT"] ?? "", "--user", env["PGUSER"] ?? ""];
  const own = { ...env, PGPASSFILE: passwords, PGOPTIONS: "-c search_path=benefit,public" };
  await run(program, ["--schema", rules, "--dbname", env["PGDATABASE"] ?? "", ...at], own);
}

type Copycat = typeof import("@snaplet/copycat").copycat;

/** What somebody writes who has a library of fakes: rows as objects, a call for each value, lines as strings. */
export async function copycatRows(client: Client, tables: readonly PlannedTable[], signal: AbortSignal) {
  const { copycat } = await import("@snaplet/copycat");
  let rows = 0;
  let bytes = 0;
  for (const table of tables) {
    const list = table.columns.map(({ expression }, index) => `(${expression})::text as "${index}"`).join(", ");
    await client.query(`begin; declare bench_rows cursor for select ${list} from only ${quoteRelation(table)}`);
    for (;;) {
      const page = await client.query<Record<string, string | null>>("fetch 5000 from bench_rows");
      signal.throwIfAborted();
      if (page.rows.length === 0) break;
      for (const row of page.rows) {
        const fields = table.columns.map(({ action }, index) => {
          const value = row[index] ?? null;
          return value === null ? "\\N" : copyField(changed(copycat, action, value));
        });
        bytes += Buffer.byteLength(`${fields.join("\t")}\n`);
        rows++;
      }
    }
    await client.query("commit");
  }
  return { rows, bytes };
}

function changed(copycat: Copycat, action: FieldAction, value: string): string {
  switch (action.kind) {
    case "keep":
      return value;
    case "text":
      return copycat.scramble(value);
    case "fake":
      return fakeOf(copycat, action.fake.tag, value);
    case "json":
      return JSON.stringify(copycat.scramble(JSON.parse(value) as Record<string, string>));
  }
}

function fakeOf(copycat: Copycat, tag: FakeTag, value: string): string {
  switch (tag) {
    case "person.name":
      return copycat.fullName(value);
    case "person.given":
      return copycat.firstName(value);
    case "person.family":
      return copycat.lastName(value);
    case "person.username":
      return copycat.username(value);
    case "contact.email":
      return copycat.email(value);
    case "contact.phone":
      return copycat.phoneNumber(value);
    case "addr.street":
      return copycat.streetAddress(value);
    case "id.uuid":
      return copycat.uuid(value);
    case "id.integer":
      return String(copycat.int(value));
    default:
      return copycat.scramble(value);
  }
}
