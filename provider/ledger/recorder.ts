import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerFact } from "../../core/ledger/entry";
import { factOfChange, factOfEvent } from "../../core/ledger/facts";
import { unledgered, withLedgered } from "../../core/rollout/record";
import { messageOf, Refusal } from "../rollout/errors";
import type { Permit, WeightChange } from "../rollout/permit";
import type { RolloutStore } from "../rollout/store";
import type { Ledger } from "./ledger";

/** A folder on a server that is away answers nothing for a long time. */
const PATIENCE_MS = 20_000;
/** Whoever goes back waits for it no longer than this. */
const HURRY_MS = 3000;

export type Warn = (message: string) => void;

/**
 * Fills a stack's ledger from one rollout. Events wait in the rollout's record, written in one patch with the weights
 * that they tell of, until the ledger has them: so none is lost with its process, and none is noted twice.
 */
export class Recorder {
  /**
   * @param open called at each use; it fails where the ledger cannot be used now.
   * @param told hears what the ledger has just learned of moves that are over; nothing waits long for it.
   */
  constructor(
    private readonly open: () => Promise<Ledger>,
    private readonly store: RolloutStore,
    private readonly warn: Warn,
    private readonly told?: (facts: readonly LedgerFact[]) => Promise<void>,
  ) {}

  /**
   * Notes a change of weights before it is made, after everything that is still owed. Going back is never kept waiting:
   * it is told later, by the event that it leaves.
   */
  readonly permit: Permit = async (change) => {
    try {
      await within(change.intent === "deploy" ? PATIENCE_MS : HURRY_MS, this.note(change));
    } catch (error) {
      if (change.intent === "deploy")
        throw new Refusal(
          `${change.service}: the move cannot be recorded, and nothing moves without a record: ${messageOf(error)}`,
        );
      this.warn(`${change.service}: going on without the ledger, which is told later: ${messageOf(error)}`);
    }
    return undefined;
  };

  /** Tells the ledger what it does not know yet, and signs where it stands then. What fails now is done by the next command. */
  async settle(): Promise<void> {
    const { service, namespace } = this.store;
    let waiting = 0;
    try {
      const owed = await this.owed();
      waiting = owed.length;
      const last = owed.at(-1)?.sequence;
      if (last === undefined) return;
      const facts = owed.map((event) => factOfEvent({ service, namespace }, event));
      await this.tell(facts);
      await this.store.updateRecord((record) => withLedgered(record, last));
      await this.ring(facts);
    } catch (error) {
      const what = waiting === 0 ? "" : `${waiting === 1 ? "1 event waits" : `${waiting} events wait`} for it; `;
      this.warn(`${service}: the ledger was not told (${what}the next command tries again): ${messageOf(error)}`);
    }
  }

  private async ring(facts: readonly LedgerFact[]): Promise<void> {
    await within(HURRY_MS, this.told?.(facts) ?? Promise.resolve()).catch((error: unknown) => {
      this.warn(`${this.store.service}: alarms were not told: ${messageOf(error)}`);
    });
  }

  /** Adds facts and signs where the ledger stands then. @throws whatever keeps it from being told. */
  async tell(facts: readonly LedgerFact[]): Promise<void> {
    const work = this.open().then((ledger) => ledger.checkpoint(facts));
    await within(PATIENCE_MS, work);
  }

  private async note(change: WeightChange): Promise<void> {
    const { service, namespace } = change;
    const ledger = await this.open();
    const owed = change.step > 0 ? [] : await this.owed();
    const facts = owed.map((event) => factOfEvent({ service, namespace }, event));
    await ledger.add([...facts, factOfChange(change, new Date())]);
  }

  private async owed() {
    return unledgered((await this.store.read()).actual.record);
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const clock = new AbortController();
  const late = sleep(ms, undefined, { signal: clock.signal }).then(() => {
    throw new Error(`it did not answer for ${ms / 1000} s`);
  });
  late.catch(() => undefined); // cut short when the work is done
  try {
    await Promise.race([work, late]);
  } finally {
    clock.abort();
    work.catch(() => undefined); // too late to matter
  }
}
