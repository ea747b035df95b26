import * as path from "node:path";
import { Pool } from "pg";
import { buildApp } from "./app.ts";
import { migrateDown, migrateUp, newestVersion, readMigrations } from "./migrations.ts";
import { policyAt } from "./policy.ts";
import { readSettings } from "./settings.ts";

const USAGE = "usage: main.ts serve | migrate up | migrate down";
const MIGRATIONS = path.join(path.dirname(process.argv[1] ?? ""), "..", "migrations");

/** Never waits for ever: a database that is away is an answer too. */
const poolOf = (connectionString: string | undefined, statementMs: number): Pool => {
  const pool = new Pool({
    ...(connectionString === undefined ? {} : { connectionString }),
    max: 5,
    connectionTimeoutMillis: 2000,
    statement_timeout: statementMs,
    application_name: "benefits-api",
  });
  // An idle connection that breaks is replaced; unheard, it would end the process.
  pool.on("error", () => undefined);
  return pool;
};

async function serve(): Promise<void> {
  const { port, policy, databaseUrl } = readSettings(process.env);
  const pool = poolOf(databaseUrl, 5000);
  const neededSchema = newestVersion(readMigrations(MIGRATIONS));
  const app = buildApp({ pool, askPolicy: policyAt(policy), neededSchema });
  const end = (signal: string) => {
    app.log.info({ signal }, "ending: requests under way are answered first");
    void app
      .close()
      .then(() => pool.end())
      .then(() => process.exit(0));
  };
  process.once("SIGTERM", end).once("SIGINT", end);
  await app.listen({ host: "0.0.0.0", port });
}

async function migrate(direction: string | undefined): Promise<void> {
  if (direction !== "up" && direction !== "down") throw new Error(USAGE);
  const { DATABASE_URL: databaseUrl } = process.env;
  // Building an index of a large table takes as long as it takes; the Job has a limit of its own.
  const pool = poolOf(databaseUrl === "" ? undefined : databaseUrl, 0);
  try {
    const done = await (direction === "up" ? migrateUp : migrateDown)(pool, readMigrations(MIGRATIONS));
    process.stdout.write(done.length === 0 ? "nothing to do\n" : `${direction}: ${done.join(", ")}\n`);
  } finally {
    await pool.end();
  }
}

const [command = "serve", ...words] = process.argv.slice(2);
const work =
  command === "serve" ? serve() : command === "migrate" ? migrate(words[0]) : Promise.reject(new Error(USAGE));
work.catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
