import { nextCheckpoint } from "../../core/ledger/checkpoint";
import { hashOf, idOf, nextEntry, type Head, type LedgerFact } from "../../core/ledger/entry";
import { seal, type Signer } from "../../core/ledger/seal";
import type { LedgerReading, LedgerText, LedgerVerdict, SoundTexts } from "../../core/ledger/verify";
import { isDamage, readWhole, type ReadingParts } from "./reading";

export interface LedgerParts extends ReadingParts {
  readonly signer: Signer;
  readonly now?: () => Date;
}

/** The ledger is not as it should be, so nothing may be added to it. */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
}

/** Adds facts to the ledger of one stack, each once. */
export class Ledger {
  private readonly sound: SoundTexts = new Map();

  constructor(private readonly parts: LedgerParts) {}

  /** All that is there, and what is wrong with it. */
  read(): Promise<LedgerReading> {
    return readWhole({ ...this.parts, sound: this.sound });
  }

  /**
   * Adds what is not there yet, in this order; who else adds meanwhile comes before or after each. A fact that was added
   * before is found by its id, so that adding is safe to repeat.
   * @throws LedgerError for a ledger that does not verify; Error when the sink does not take it.
   */
  async add(facts: readonly LedgerFact[]): Promise<void> {
    await this.extend(facts);
  }

  /** Adds the facts, as `add` does, and signs where the ledger stands then, if nobody has yet. */
  async checkpoint(facts: readonly LedgerFact[] = []): Promise<void> {
    const { ledger, sink, signer, witness, now = () => new Date() } = this.parts;
    const { head, newest } = await this.extend(facts);
    if (head.count > 0 && newest?.count !== head.count) {
      const checkpoint = nextCheckpoint(ledger, head, newest, now());
      const text = await seal(checkpoint, signer);
      if (await sink.create("checkpoints", checkpoint.count, text)) return witness?.write(text, checkpoint.count);
    }
    const last = (await sink.list("checkpoints")).at(-1);
    if (last) await witness?.write(last.text, countOf(last));
  }

  private async extend(facts: readonly LedgerFact[]) {
    for (;;) {
      const { entries, verdict } = await this.read();
      refuseDamaged(verdict, this.parts.sink.where);
      const known = new Set(entries.map(({ id }) => id));
      const fresh = facts.filter((fact) => !known.has(idOf(this.parts.ledger, fact)));
      const head = await this.follow(verdict.head, fresh);
      if (head) return { head, newest: verdict.checkpoint };
    }
  }

  /** @returns `undefined` when somebody else took a number meanwhile. */
  private async follow(from: Head, facts: readonly LedgerFact[]): Promise<Head | undefined> {
    const { ledger, sink, signer } = this.parts;
    let head = from;
    for (const fact of facts) {
      const entry = nextEntry(ledger, head, fact);
      if (!(await sink.create("entries", entry.sequence, await seal(entry, signer)))) return undefined;
      head = { count: entry.sequence, hash: hashOf(entry) };
    }
    return head;
  }
}

/** Checkpoints are named by the number of entries that they know of. */
const countOf = ({ name }: LedgerText): number => Number(/(\d+)\.json$/.exec(name)?.[1] ?? 0);

function refuseDamaged({ findings, ledger }: LedgerVerdict, where: string): void {
  const first = findings.find(isDamage);
  if (first) throw new LedgerError(`the ledger of ${ledger} in ${where} does not verify: ${first.message}`);
}
