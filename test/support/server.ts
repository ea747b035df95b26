import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { accountNamed } from "../../platform/local/confined";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { freePort } from "./freePort";

/** The kernel's clock in a second, for programs. */
const TICKS = 100;

/** A PostgreSQL of a test's own, empty, on a port of loopback: what it does to all databases of a server harms nobody. */
export class TestServer {
  readonly password = randomBytes(12).toString("hex");
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-server-"));
  private child: ChildProcess | undefined;
  private port = 0;

  async start(...settings: readonly string[]): Promise<void> {
    const word = path.join(this.folder, "password");
    writeFileSync(word, this.password);
    const { uid, gid } = accountNamed("postgres");
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const file of [this.folder, word]) chownSync(file, uid, gid);
    const as = isRoot ? ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"] : [];
    const data = path.join(this.folder, "data");
    const make = ["--pgdata", data, "--username", "postgres", "--pwfile", word, "--auth", "scram-sha-256"];
    execFileSync("setpriv", [
      ...as,
      ...[`${POSTGRES_BIN}/initdb`, ...make],
      ...["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
    ]);
    this.port = await freePort();
    const set = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "log_min_messages=fatal"];
    // It does not outlive a test that is killed.
    this.child = spawn(
      "setpriv",
      [
        ...as,
        ...["--pdeathsig", "QUIT", `${POSTGRES_BIN}/postgres`, "-D", data, "-p", String(this.port)],
        ...[...set, ...settings].flatMap((setting) => ["-c", setting]),
      ],
      { stdio: "ignore" },
    );
    for (let tries = 0; ; tries++) {
      try {
        await this.run("select 1");
        return;
      } catch (error) {
        if (tries === 600) throw error;
        await sleep(100);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.child?.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, "exit");
      this.child.kill("SIGQUIT");
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Processor time that it and those of its processes that have ended took so far. */
  processorSeconds(): number {
    const text = readFileSync(`/proc/${this.child?.pid ?? 0}/stat`, "utf8");
    // The name in parentheses is the second field; utime, stime, cutime and cstime are the 14th to the 17th.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
  }

  /** As its superuser. */
  get options() {
    return { host: "127.0.0.1", port: this.port, database: "postgres", user: "postgres", password: this.password };
  }

  /** Rows of one query in one of its databases, as its superuser. */
  async run(query: string, database = "postgres"): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ ...this.options, database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(query)).rows;
    } finally {
      await client.end();
    }
  }

  /** Names of its databases but those of every server. */
  async databases(): Promise<readonly string[]> {
    const rows = await this.run("select datname from pg_database where oid >= 16384 order by 1");
    return rows.map(({ datname }) => String(datname));
  }

  /** Names of its roles but those of every server. */
  async roles(): Promise<readonly string[]> {
    const rows = await this.run("select rolname from pg_roles where oid >= 16384 order by 1");
    return rows.map(({ rolname }) => String(rolname));
  }
}
