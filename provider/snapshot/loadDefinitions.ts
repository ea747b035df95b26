import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { stepsOf, withoutNewSettings } from "../../core/postgres/definitions";
import { isState } from "../sandbox/admin";
import { loadError } from "./loadError";

/** Of two statements that waited for one another; one of them is to be run again. */
const DEADLOCK = "40P01";

/** Types, tables and functions, in one transaction. @throws ScrubError */
export async function makeTables(client: Client, file: string, text: string): Promise<void> {
  const script = withoutNewSettings(text);
  try {
    await client.query("begin");
    await client.query(script);
    await client.query("commit");
  } catch (error) {
    throw loadError(error, { file }, script);
  }
}

/**
 * Indexes, keys, triggers and all else that comes after the rows, refreshed materialized views too.
 * @param made is told how many of how many are done
 * @throws ScrubError
 */
export async function makeKeys(
  clients: readonly Client[],
  file: string,
  text: string,
  made: (done: number, of: number) => void,
): Promise<void> {
  const script = withoutNewSettings(text);
  const steps = stepsOf(script);
  const of = steps.reduce((sum, { statements }) => sum + statements.length, 0);
  let done = 0;
  const run = async (client: Client, statement: string): Promise<void> => {
    try {
      await patiently(client, statement);
    } catch (error) {
      throw loadError(error, { file });
    }
    made(++done, of);
  };
  const [first] = clients;
  for (const { kind, statements } of steps) {
    if (kind === "session") for (const client of clients) for (const one of statements) await client.query(one);
    else await spread(statements, kind === "other" && first ? [first] : clients, run);
  }
}

/** Works off a list with several connections; after a failure nothing more is begun. */
export async function spread<T>(
  items: readonly T[],
  clients: readonly Client[],
  work: (client: Client, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    clients.map(async (client) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        try {
          await work(client, item);
        } catch (error) {
          queue.length = 0;
          throw error;
        }
      }
    }),
  );
}

async function patiently(client: Client, statement: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.query(statement);
      return;
    } catch (error) {
      if (!isState(error, DEADLOCK) || tries === 5) throw error;
      await sleep(100 * tries);
    }
  }
}
