import * as os from "node:os";
import { CancelledError } from "../errors";

/** Cores that this process may use. */
export const cores = (): number => Math.max(1, os.availableParallelism());

/** Runs `work` on all items, at most `limit` at a time. The first failure starts no further item and is thrown at the end. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      if (signal?.aborted === true) throw new CancelledError();
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
