import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Io } from "../../cli/command";
import { trust } from "../../core/ledger/seal";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { projectRoot } from "../../platform/home";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { loadSnapshot } from "../../provider/snapshot/load";
import { SnapshotStore } from "../../provider/snapshot/store";
import { TestServer } from "../support/server";
import { boundLines } from "./scrubBounds";
import { type Figures, figuresOf, type Measured, type Parts, partsOfWays, round } from "./scrubFigures";
import { FOLDER, type PathFigures, PATHS, PUBLIC_KEY, SERVICE } from "./scrubPath";
import { pganonymize, PGANONYMIZE_NEEDS, PGANONYMIZE_ROWS, runPganonymize } from "./scrubPeers";
import { Programs } from "./timed";

export interface ScrubBenchSettings {
  /** Of the smaller database; the larger one has ten times as many. */
  readonly rows: number;
  readonly runs: number;
  /** Other programs too, on the smaller database and on one of three times as much: they take minutes. */
  readonly peers: boolean;
}

interface SizeFigures {
  readonly rows: number;
  /** Of COPY text. */
  readonly megabytes: number;
  readonly ways: Readonly<Record<string, Figures>>;
  /** The snapshot into a template database of an empty server, checks, indexes and keys included. */
  readonly load: { readonly seconds: number; readonly rowsPerSecond: number };
}

/** On one database; of other programs one run. */
export interface PeerFigures {
  readonly megabytes: number;
  /** How many times as many rows go through a snapshot in a second, leak scan included and packed. */
  readonly programs: Readonly<Record<string, { readonly rowsPerSecond: number; readonly timesFaster: number }>>;
}

export interface ScrubBenchDocument {
  /** Its load is that of before. */
  readonly machine: { readonly cores: number; readonly node: string; readonly load: number };
  readonly runs: number;
  readonly sizes: readonly SizeFigures[];
  readonly parts: Readonly<Record<string, Parts>>;
  /** From the smaller database on. */
  readonly peers: readonly PeerFigures[];
}

/** Rows of the example's database for each person in it. */
const ROWS_A_PERSON = 4.6;
const PG_DUMP = path.join(POSTGRES_BIN, "pg_dump");
const DUMPS = { pg_dump: "--format=plain", "pg_dump -Fc": "--format=custom" };
/** Ways that are compared each time. */
const OWN = PATHS.filter((way) => way !== "copycat");
const DATABASE = "bench";
/** For the server to see that its client has left, in milliseconds. */
const GONE_MS = 300;

/**
 * Reads one database in turn by each way, several times in turning order, and the same with ten times the rows. Dumps go
 * to nowhere; snapshots to a folder, from where their scan reads them. The server is the bench's own, so that its processor
 * time is that of the way.
 */
export async function benchScrub({ rows, runs, peers }: ScrubBenchSettings, io: Io): Promise<ScrubBenchDocument> {
  const sizes: SizeFigures[] = [];
  const others: PeerFigures[] = [];
  let node = process.version;
  const load = os.loadavg()[0] ?? 0;
  for (const factor of [1, 10]) {
    const bench = new Bench(Math.ceil((rows * factor) / ROWS_A_PERSON), io);
    try {
      await bench.begin();
      node = await bench.nodeVersion();
      const size = await bench.measure(runs);
      sizes.push(size);
      if (peers) others.push(await bench.peers(size));
    } finally {
      await bench.end();
    }
  }
  const [small, large] = sizes;
  if (!small || !large) throw new RangeError("no sizes");
  const machine = { cores: os.availableParallelism(), node, load };
  const document = { machine, runs, sizes, parts: partsOfWays(small, large), peers: others };
  for (const line of boundLines(document)) io.err.write(`${line}\n`);
  return document;
}

/** One database of the example, and what is measured on it. */
class Bench {
  private readonly server = new TestServer();
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-bench-"));
  private readonly programs: Programs;
  /** Of the engine and of what runs in a cluster, which may be newer than the one that this was started with. */
  private readonly node: string;

  constructor(
    private readonly people: number,
    private readonly io: Io,
  ) {
    this.programs = new Programs(io.signal);
    const newer = process.env["HMS_NODE_BIN"];
    this.node = newer === undefined ? process.execPath : path.join(newer, "node");
  }

  async begin(): Promise<void> {
    await this.server.start("autovacuum=off", "max_wal_size=4GB", "checkpoint_timeout=1h");
    await this.server.run(`create database ${DATABASE}`);
    this.say(`… a database of ${this.people} people`);
    await this.withClient(async (client) => {
      await fillDatabase(client, { people: this.people }, this.io.signal);
      await client.query("vacuum analyze");
      await client.query("checkpoint");
    });
  }

  async end(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async nodeVersion(): Promise<string> {
    return (await this.programs.run(this.node, ["--version"], this.env)).trim();
  }

  async measure(runs: number): Promise<SizeFigures> {
    const measured = new Map<string, Measured[]>();
    const ways = [...Object.keys(DUMPS), ...OWN];
    for (let run = 0; run < runs; run++) {
      const turned = [...ways.slice(run % ways.length), ...ways.slice(0, run % ways.length)];
      for (const way of turned) {
        const figures = await this.go(way);
        measured.set(way, [...(measured.get(way) ?? []), figures]);
        const { seconds, cpuSeconds, serverSeconds } = figures;
        const cpu = `${cpuSeconds.toFixed(2)} s of processor time and ${serverSeconds.toFixed(2)} s of the server's`;
        this.say(`  ${way}: ${seconds.toFixed(2)} s, ${cpu}`);
      }
      this.say(`✓ run ${run + 1} of ${runs}`);
    }
    const { rows = 0, bytes = 0 } = measured.get("copy")?.[0] ?? {};
    return {
      rows,
      megabytes: round(bytes / 1e6),
      ways: figuresOf(measured, { rows, bytes, plain: "pg_dump", packed: "pg_dump -Fc" }),
      load: await this.load(rows),
    };
  }

  /** Programs that others made, beside packed snapshots. They change or drop what they can; none of them scans. */
  async peers({ megabytes, ways }: SizeFigures): Promise<PeerFigures> {
    const own = ways["snapshot-packed"]?.rowsPerSecond ?? NaN;
    const { rows, seconds } = await this.go("copycat");
    this.say(`  copycat: ${seconds.toFixed(2)} s`);
    const run = (program: string, args: readonly string[], env = this.env) => this.programs.run(program, args, env);
    const program = await pganonymize(this.io.env, run);
    const counted = await this.withClient((client) => client.query<{ rows: string }>(PGANONYMIZE_ROWS));
    await this.withClient((client) => client.query(PGANONYMIZE_NEEDS));
    const begun = performance.now();
    await runPganonymize(program, this.folder, this.env, run);
    const taken = (performance.now() - begun) / 1000;
    this.say(`  pganonymize: ${taken.toFixed(2)} s`);
    const figures = (rate: number) => ({ rowsPerSecond: Math.round(rate), timesFaster: round(own / rate) });
    const programs = {
      copycat: figures(rows / seconds),
      pganonymize: figures(Number(counted.rows[0]?.rows ?? 0) / taken),
    };
    return { megabytes, programs };
  }

  private async go(way: string): Promise<Measured> {
    const dump = Object.entries(DUMPS).find(([name]) => name === way)?.[1];
    const before = this.server.processorSeconds();
    const server = async (): Promise<number> => {
      await sleep(GONE_MS);
      return this.server.processorSeconds() - before;
    };
    if (dump !== undefined) {
      const { seconds, cpuSeconds } = await this.programs.timed(PG_DUMP, [dump], this.env, true);
      return { seconds, cpuSeconds, serverSeconds: await server(), rows: 0, bytes: 0 };
    }
    const keeps = way === "snapshot-packed";
    await this.emptyFolder();
    // A process each, so that its peak of memory is its own.
    const args = [path.join(projectRoot(), "bin/launch.cjs"), "bench:scrub", "--path", way];
    const { out, seconds, cpuSeconds } = await this.programs.timed(this.node, args, this.env, false);
    const serverSeconds = await server();
    if (!keeps) await this.emptyFolder();
    return { ...(JSON.parse(out) as PathFigures), seconds, cpuSeconds, serverSeconds };
  }

  private async load(rows: number): Promise<SizeFigures["load"]> {
    const { io } = this;
    await this.go("snapshot-packed");
    const server = new TestServer();
    try {
      await server.start();
      const [snapshot] = await new SnapshotStore(this.folder, SERVICE).list();
      if (!snapshot) throw new Error("the snapshot is gone");
      const keys = trust([await readFile(path.join(this.folder, PUBLIC_KEY), "utf8")]);
      const begun = performance.now();
      const progress = (): void => undefined;
      await loadSnapshot({ service: SERVICE, snapshot, keys, server: server.options, progress, signal: io.signal });
      const seconds = (performance.now() - begun) / 1000;
      this.say(`  load: ${seconds.toFixed(2)} s`);
      return { seconds: round(seconds), rowsPerSecond: Math.round(rows / seconds) };
    } finally {
      await server.stop();
    }
  }

  private async emptyFolder(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { mode: 0o700 });
  }

  private async withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ ...this.server.options, database: DATABASE });
    // A connection that breaks between two statements is told by the next one.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private get env(): NodeJS.ProcessEnv {
    const { host, port, user, password } = this.server.options;
    const own = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: DATABASE };
    return { ...this.io.env, ...own, [FOLDER]: this.folder };
  }

  private say(text: string): void {
    this.io.err.write(`${text}\n`);
  }
}
