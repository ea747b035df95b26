import { asNumber, path } from "../../core/json";
import type { LedgerSink } from "./folder";
import type { Witness } from "./reading";

/**
 * Another place of the ledger's kind as the witness: a locked bucket in a second account, where whoever owns the first
 * cannot take a checkpoint back. All checkpoints stay there.
 */
export const sinkWitness = (sink: LedgerSink): Witness => ({
  async read() {
    const last = (await sink.list("checkpoints")).at(-1);
    return last && { name: `${sink.where}, ${last.name}`, text: last.text };
  },
  async write(text, count) {
    await sink.create("checkpoints", count, text);
  },
});

/** Several witnesses as one: each keeps what it is told, and the one that knows of most is heard. */
export const allWitnesses = (witnesses: readonly Witness[]): Witness => ({
  async read() {
    const known = (await Promise.all(witnesses.map((one) => one.read()))).filter((one) => one !== undefined);
    return known.sort((a, b) => countIn(b.text) - countIn(a.text))[0];
  },
  async write(text, count) {
    await Promise.all(witnesses.map((one) => one.write(text, count)));
  },
});

/** Entries that a checkpoint says it knows of. One that says nothing is heard first: it is damage, and to be seen. */
function countIn(text: string): number {
  try {
    return asNumber(path(JSON.parse(text), "content", "count")) ?? Number.MAX_VALUE;
  } catch {
    return Number.MAX_VALUE;
  }
}
