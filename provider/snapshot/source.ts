import type { Client, ClientConfig } from "pg";
import { withoutValues } from "../../core/scrub/errors";
import { copyStatement, type Part } from "../../core/scrub/parts";
import type { PlannedTable } from "../../core/scrub/plan";
import { quoteRelation } from "../../core/scrub/sql";
import { pgClient } from "../../platform/pgClient";
import { CopyRows } from "./copyRows";

/**
 * How the source is reached. What is not said comes from libpq's own variables (PGHOST, PGUSER, PGPASSWORD, PGPASSFILE
 * and so on): credentials of the vault are in no file and no argument of ours.
 */
export type SourceAddress = Pick<ClientConfig, "host" | "port" | "database" | "user" | "password" | "ssl">;

/** One moment of the source, as every reader of a snapshot sees it. */
export interface SourceMoment {
  /** Name of the exported snapshot; good as long as its transaction is open. */
  readonly name: string;
  readonly at: Date;
  /** Write-ahead log position. */
  readonly lsn: string;
}

/** A connection that only reads, at one moment of the source. */
export class Source {
  private constructor(readonly client: Client) {}

  /** @throws ScrubError source-unreachable */
  static async open(address: SourceAddress, moment?: SourceMoment): Promise<Source> {
    const client = pgClient({ ...address, application_name: "hms snapshot", fallback_application_name: "hms" });
    // A connection that breaks between two statements is told by the next one.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(
        "set statement_timeout to 0; set lock_timeout to '30s'; set idle_in_transaction_session_timeout to 0",
      );
      // The same rows in the same order, whatever else is read meanwhile. Compiling questions about the catalog takes a second.
      await client.query("set synchronize_seqscans to off; set max_parallel_workers_per_gather to 0; set jit to off");
      // A policy that hides rows would give a snapshot without them: better an error.
      await client.query("set row_security to off");
      await client.query("set extra_float_digits to 1; set bytea_output to 'hex'; set intervalstyle to 'iso_8601'");
      await client.query("set datestyle to 'ISO, YMD'; set timezone to 'UTC'; set client_encoding to 'UTF8'");
      await client.query("begin transaction isolation level repeatable read read only");
      if (moment) await client.query(`set transaction snapshot '${moment.name.replaceAll("'", "")}'`);
      return new Source(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw withoutValues(error, "source-unreachable");
    }
  }

  /** Makes this connection's moment one that others can open. */
  async moment(): Promise<SourceMoment> {
    try {
      const { rows } = await this.client.query<{ name: string; at: Date; lsn: string }>(
        `select pg_export_snapshot() as name, now() as at,
           (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text as lsn`,
      );
      const [row] = rows;
      if (!row) throw new Error("no row");
      return row;
    } catch (error) {
      throw withoutValues(error, "source-refused");
    }
  }

  /** Pages of a table on disk, its own alone. */
  async pages(table: Pick<PlannedTable, "schema" | "table">): Promise<number> {
    try {
      const { rows } = await this.client.query<{ pages: string }>(
        "select (pg_relation_size($1::regclass) / current_setting('block_size')::bigint)::text as pages",
        [quoteRelation(table)],
      );
      return Number(rows[0]?.pages ?? 0);
    } catch (error) {
      throw withoutValues(error, "source-refused", { schema: table.schema, table: table.table });
    }
  }

  /** COPY text of one part, as the server sends it; `rowCount` is what it says at the end. */
  copy(part: Part): CopyRows {
    return this.client.query(new CopyRows(copyStatement(part)));
  }

  /** Ends the transaction and the connection, also in the middle of a COPY. */
  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
