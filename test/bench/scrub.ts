import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import type { Io } from "../../cli/command";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { CancelledError, RefusedError } from "../../platform/errors";
import { projectRoot } from "../../platform/home";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { TestDatabase } from "../support/database";
import { type PathFigures, PATHS } from "./scrubPath";

export interface ScrubBenchSettings {
  /** Of the smaller database; the larger one has ten times as many. */
  readonly people: number;
  readonly runs: number;
}

interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

interface Figures {
  readonly seconds: Spread;
  /** Median against that of a plain `pg_dump` of the same database. */
  readonly ratio: number;
  readonly megabytesPerSecond: number;
  readonly rowsPerSecond: number;
  readonly cpuSeconds?: number;
  readonly peakMiB?: number;
}

export interface ScrubBenchDocument {
  readonly machine: { readonly cores: number; readonly node: string; readonly load: number };
  readonly runs: number;
  readonly sizes: readonly {
    readonly people: number;
    readonly rows: number;
    readonly megabytes: number;
    readonly paths: Readonly<Record<string, Figures>>;
  }[];
}

const DUMPS = { pg_dump: ["--format=plain"], "pg_dump -Fc": ["--format=custom"] };

/**
 * Reads one database in turn by each way, several times, and the same with ten times the rows. Everything goes to
 * nowhere: what is measured is reading, not a disk.
 */
export async function benchScrub({ people, runs }: ScrubBenchSettings, io: Io): Promise<ScrubBenchDocument> {
  const sizes: ScrubBenchDocument["sizes"][number][] = [];
  for (const size of [people, people * 10]) sizes.push(await measureSize(size, runs, io));
  const machine = { cores: os.availableParallelism(), node: process.version, load: os.loadavg()[0] ?? 0 };
  return { machine, runs, sizes };
}

async function measureSize(people: number, runs: number, io: Io): Promise<ScrubBenchDocument["sizes"][number]> {
  const database = new TestDatabase("scrub_bench");
  await database.create();
  try {
    io.err.write(`… a database of ${people} people\n`);
    await fill(database, people, io.signal);
    const env = environmentOf(database, io);
    const dumps = new Map<string, number[]>();
    const own = new Map<string, PathFigures[]>();
    for (let run = 1; run <= runs; run++) {
      for (const [name, args] of Object.entries(DUMPS)) {
        const begun = performance.now();
        await outputOf(path.join(POSTGRES_BIN, "pg_dump"), args, env, io.signal, "ignore");
        push(dumps, name, (performance.now() - begun) / 1000);
      }
      for (const name of PATHS) {
        // A process each, so that its peak of memory is its own.
        const args = [path.join(projectRoot(), "bin/launch.cjs"), "bench:scrub", "--path", name];
        push(own, name, JSON.parse(await outputOf(process.execPath, args, env, io.signal, "pipe")) as PathFigures);
      }
      io.err.write(`✓ run ${run} of ${runs}\n`);
    }
    return figuresOf(people, dumps, own);
  } finally {
    await database.remove();
  }
}

async function fill(database: TestDatabase, people: number, signal: AbortSignal): Promise<void> {
  const client = new Client(database.options);
  await client.connect();
  try {
    await fillDatabase(client, { people }, signal);
    await client.query("vacuum analyze");
  } finally {
    await client.end();
  }
}

function environmentOf(database: TestDatabase, io: Io): NodeJS.ProcessEnv {
  const { host, port, user, password, database: name } = database.options;
  const own = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: name };
  return { ...io.env, ...own };
}

function outputOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  stdout: "ignore" | "pipe",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, signal, stdio: ["ignore", stdout, "inherit"] });
    const out: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.on("error", (error) => {
      reject(signal.aborted ? new CancelledError() : error);
    });
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else
        reject(new RefusedError(`${path.basename(program)} failed (exit ${String(code)}); its output above says why`));
    });
  });
}

function push<T>(map: Map<string, T[]>, name: string, value: T): void {
  map.set(name, [...(map.get(name) ?? []), value]);
}

function figuresOf(
  people: number,
  dumps: ReadonlyMap<string, readonly number[]>,
  own: ReadonlyMap<string, readonly PathFigures[]>,
): ScrubBenchDocument["sizes"][number] {
  const { rows = 0, bytes = 0 } = own.get("copy")?.[0] ?? {};
  const plain = spread(dumps.get("pg_dump") ?? []).median;
  const figures = (times: readonly number[]): Figures => {
    const seconds = spread(times);
    return {
      seconds,
      ratio: round(seconds.median / plain),
      megabytesPerSecond: round(bytes / 1e6 / seconds.median),
      rowsPerSecond: Math.round(rows / seconds.median),
    };
  };
  return {
    people,
    rows,
    megabytes: round(bytes / 1e6),
    paths: {
      ...Object.fromEntries([...dumps].map(([name, times]) => [name, figures(times)])),
      ...Object.fromEntries(
        [...own].map(([name, all]) => [
          name,
          {
            ...figures(all.map(({ seconds }) => seconds)),
            cpuSeconds: spread(all.map(({ cpuSeconds }) => cpuSeconds)).median,
            peakMiB: Math.round(Math.max(...all.map(({ peakMiB }) => peakMiB))),
          },
        ]),
      ),
    },
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (index: number): number => round(sorted[index] ?? 0);
  return { min: at(0), median: at(sorted.length >>> 1), max: at(sorted.length - 1) };
}

const round = (value: number): number => Math.round(value * 100) / 100;
