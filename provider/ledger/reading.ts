import type { TrustedKeys } from "../../core/ledger/seal";
import {
  readLedger,
  type Finding,
  type LedgerReading,
  type LedgerText,
  type SoundTexts,
} from "../../core/ledger/verify";
import type { LedgerSink } from "./folder";

/** Keeps the newest checkpoint in another place than the ledger. */
export interface Witness {
  /** `undefined` when it has none. @throws Error when that cannot be told. */
  read(): Promise<LedgerText | undefined>;
  /** Keeps `text` unless it has one of more entries. */
  write(text: string, count: number): Promise<void>;
}

export interface ReadingParts {
  /** The stack. */
  readonly ledger: string;
  readonly sink: LedgerSink;
  readonly keys: TrustedKeys;
  /** Where the newest checkpoint is kept too, so that a ledger cannot lose its end or itself unseen. */
  readonly witness?: Witness;
  /** See `LedgerCase`; for who reads more than once. */
  readonly sound?: SoundTexts;
}

/** A folder that is written to while it is listed may show a later entry and not yet an earlier one. */
const READINGS = 3;

/** A whole ledger, and what is wrong with it. What is found at the last of several readings counts. */
export async function readWhole(parts: ReadingParts): Promise<LedgerReading> {
  for (let left = READINGS; ; left--) {
    const reading = await readOnce(parts);
    if (left === 1 || !reading.verdict.findings.some(isDamage)) return reading;
  }
}

async function readOnce({ ledger, sink, keys, witness, sound }: ReadingParts): Promise<LedgerReading> {
  // What promises is read before what must keep the promise: both grow meanwhile.
  const copy = await witness?.read();
  const checkpoints = await sink.list("checkpoints");
  const entries = await sink.list("entries");
  // The witness holds a copy; only what the ledger does not have is news.
  const news = copy && !checkpoints.some(({ text }) => text === copy.text) ? [copy] : [];
  const known = sound === undefined ? {} : { sound };
  return readLedger({ ledger, entries, checkpoints: [...checkpoints, ...news], keys, ...known });
}

/** A ledger begins empty: that alone is no damage. */
export const isDamage = ({ kind }: Finding): boolean => kind !== "empty";
