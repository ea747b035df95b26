import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { cover } from "../../core/scrub/cover";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { ScrubKeys } from "../../core/scrub/key";
import { TableMask } from "../../core/scrub/mask";
import type { PlannedTable } from "../../core/scrub/plan";
import { parseScrubRules } from "../../core/scrub/rules";
import { outputTable } from "../../core/scrub/scan/columns";
import { KnownValues } from "../../core/scrub/scan/known";
import { FindingBook } from "../../core/scrub/scan/report";
import { ShapeScanner } from "../../core/scrub/scan/shapes";
import { quoteRelation } from "../../core/scrub/sql";
import { RefusedError } from "../../platform/errors";
import { inReadOnlyTransaction, readCatalog } from "../../provider/snapshot/catalog";

const RULES = "examples/drought-benefit/scrub.yaml";

/**
 * Ways through the program: bytes as they come; masked; masked, looked through for shapes of personal data, and with
 * known values collected.
 */
export const PATHS = ["copy", "masked", "scanned"] as const;
export type ScrubPath = (typeof PATHS)[number];

export interface PathFigures {
  readonly seconds: number;
  /** Of this process alone: the server's are not in it. */
  readonly cpuSeconds: number;
  readonly rows: number;
  /** As COPY sent them. */
  readonly bytes: number;
  readonly peakMiB: number;
}

/**
 * Reads all that a snapshot takes of the database that the environment names (PGHOST and so on), one table after the
 * other.
 */
export async function measurePath(path: ScrubPath): Promise<PathFigures> {
  const client = new Client();
  await client.connect();
  try {
    const tables = await plannedTables(client);
    const maker = new FakeMaker(new ScrubKeys(randomBytes(32), "bench"));
    const book = new FindingBook(randomBytes(32));
    const known = new KnownValues({ key: randomBytes(32) });
    const begun = performance.now();
    const before = process.cpuUsage();
    let rows = 0;
    let bytes = 0;
    for (const table of tables) {
      const mask = new TableMask(table, maker, path === "scanned" ? { observer: known } : {});
      const scanner = new ShapeScanner(outputTable(table), book);
      const scan = (masked: Buffer | undefined): void => {
        if (masked !== undefined && path === "scanned") scanner.scan(masked);
      };
      const query = client.query(copyTo(`copy (${selectOf(table)}) to stdout`));
      for await (const chunk of query as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (path !== "copy") scan(mask.push(chunk));
      }
      if (path !== "copy") scan(mask.end());
      if (path === "scanned") scanner.end();
      rows += query.rowCount;
    }
    const { user, system } = process.cpuUsage(before);
    return {
      seconds: (performance.now() - begun) / 1000,
      cpuSeconds: (user + system) / 1e6,
      rows,
      bytes,
      peakMiB: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    await client.end();
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
