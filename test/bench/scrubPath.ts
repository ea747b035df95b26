import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { fileSigner } from "../../core/ledger/seal";
import { cover } from "../../core/scrub/cover";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubKeys } from "../../core/scrub/key";
import { TableMask } from "../../core/scrub/mask";
import type { PlannedTable } from "../../core/scrub/plan";
import { parseScrubRules } from "../../core/scrub/rules";
import { quoteRelation } from "../../core/scrub/sql";
import { RefusedError } from "../../platform/errors";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { inReadOnlyTransaction, readCatalog } from "../../provider/snapshot/catalog";
import { CopyRows } from "../../provider/snapshot/copyRows";
import { SnapshotStore } from "../../provider/snapshot/store";
import { takeSnapshot } from "../../provider/snapshot/take";
import { copycatRows } from "./scrubPeers";

const RULES = "examples/drought-benefit/scrub.yaml";
export const SERVICE = "drought-benefit";
/** Where a snapshot's way puts it, and the key that it is verified with. */
export const FOLDER = "HMS_BENCH_FOLDER";
export const PUBLIC_KEY = "sign.pub.pem";

/**
 * Ways through the program: bytes as they come; masked by one thread; a whole snapshot, leak scan and canaries included,
 * whose parts are stored as they are or packed; and a loop over rows with a library of fakes, to compare with.
 */
export const PATHS = ["copy", "masked", "snapshot", "snapshot-packed", "copycat"] as const;
export type ScrubPath = (typeof PATHS)[number];

export interface PathFigures {
  readonly rows: number;
  /** As COPY sent them. */
  readonly bytes: number;
  readonly peakMiB: number;
  /** Of a snapshot: seconds of each stage. */
  readonly stages?: Readonly<Record<string, number>>;
}

type Moved = Pick<PathFigures, "rows" | "bytes" | "stages">;

/** Goes one way once, over the database that the environment names (PGHOST and so on). */
export async function measurePath(way: ScrubPath, signal: AbortSignal): Promise<PathFigures> {
  const moved = await wayOf(way, signal);
  return { ...moved, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

function wayOf(way: ScrubPath, signal: AbortSignal): Promise<Moved> {
  if (way === "snapshot") return snapshot(0, signal);
  if (way === "snapshot-packed") return snapshot(1, signal);
  return withClient(async (client) => {
    const tables = await plannedTables(client);
    return way === "copycat"
      ? copycatRows(client, tables, signal)
      : throughOneThread(client, tables, way === "masked", signal);
  });
}

async function throughOneThread(
  client: Client,
  tables: readonly PlannedTable[],
  masked: boolean,
  signal: AbortSignal,
): Promise<Moved> {
  const maker = new FakeMaker(new ScrubKeys(randomBytes(32), "bench"));
  let rows = 0;
  let bytes = 0;
  for (const table of tables) {
    const mask = new TableMask(table, maker);
    const query = client.query(new CopyRows(`copy (${selectOf(table)}) to stdout`));
    for await (const chunk of query as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (masked) mask.push(chunk);
    }
    if (masked) mask.end();
    rows += query.rowCount;
  }
  return { rows, bytes };
}

async function snapshot(compression: number, signal: AbortSignal): Promise<Moved> {
  const folder = process.env[FOLDER];
  if (folder === undefined) throw new RefusedError(`${FOLDER} is not set; it names a folder for the snapshot`);
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(path.join(folder, PUBLIC_KEY), pair.publicKey.export({ type: "spki", format: "pem" }));
  const stages: Record<string, number> = {};
  let stage = "looking";
  let since = performance.now();
  const enter = (next: string): void => {
    if (next === stage) return;
    stages[stage] = Math.round(performance.now() - since) / 1000;
    stage = next;
    since = performance.now();
  };
  const { manifest } = await takeSnapshot({
    service: SERVICE,
    store: new SnapshotStore(folder, SERVICE),
    address: {},
    rules: { text: await readFile(RULES, "utf8"), file: path.basename(RULES) },
    masterKey: randomBytes(32),
    signer: fileSigner(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    tool: "bench",
    pgDump: path.join(POSTGRES_BIN, "pg_dump"),
    compression,
    progress: (now) => {
      enter(now.stage);
    },
    signal,
  });
  enter("end");
  return {
    rows: manifest.tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0),
    bytes: manifest.tables.reduce((sum, { bytes }) => sum + bytes, 0),
    stages,
  };
}

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client();
  // A connection that breaks between two statements is told by the next one.
  client.on("error", () => undefined);
  await client.connect();
  try {
    // As a snapshot has it: compiling queries takes the server longer than running them.
    await client.query("set jit to off");
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function plannedTables(client: Client): Promise<readonly PlannedTable[]> {
  const rules = parseScrubRules(await readFile(RULES, "utf8"), RULES);
  if (!rules.ok) throw new RefusedError(`${RULES} cannot be used`);
  const catalog = await inReadOnlyTransaction(client, () => readCatalog(client));
  const plan = cover(rules.value, catalog, new Date());
  if (!plan.ok) throw new RefusedError(`${RULES} does not cover the example's database`);
  return plan.value.tables;
}

const selectOf = (table: PlannedTable): string =>
  `select ${table.columns.map(({ expression }) => expression).join(", ")} from only ${quoteRelation(table)}`;
