import { checkpointSchema, hashOfCheckpoint, type Checkpoint } from "./checkpoint";
import { BEGINNING, EMPTY, entrySchema, factSchema, hashOf, idOf, type Head, type LedgerEntry } from "./entry";
import { unseal, type TrustedKeys } from "./seal";

/** A file of a ledger. */
export interface LedgerText {
  /** For people. */
  readonly name: string;
  readonly text: string;
}

/**
 * - `empty`: there is no entry at all.
 * - `unreadable`: a text that is no entry, or no checkpoint.
 * - `altered`: not what its key signed.
 * - `unknown-key`: signed, but by no key that is trusted.
 * - `other-ledger`: it belongs to another stack.
 * - `missing`: a number between two others is not there.
 * - `forked`: two different entries have one number.
 * - `reordered`: an entry does not follow the one before it.
 * - `repeated`: one fact is there twice.
 * - `cut-off`: a checkpoint knows of more entries.
 * - `rewritten`: a checkpoint knows another entry under that number.
 */
export type FindingKind =
  | "empty"
  | "unreadable"
  | "altered"
  | "unknown-key"
  | "other-ledger"
  | "missing"
  | "forked"
  | "reordered"
  | "repeated"
  | "cut-off"
  | "rewritten";

export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
}

export interface LedgerVerdict {
  readonly ledger: string;
  readonly head: Head;
  readonly findings: readonly Finding[];
  /** The checkpoint with the most entries; `null` when there is none, and then a cut end would not be seen. */
  readonly checkpoint: Checkpoint | null;
}

/** The entries that could be read, by number, and the verdict on all. */
export interface LedgerReading {
  readonly entries: readonly LedgerEntry[];
  readonly verdict: LedgerVerdict;
}

export interface LedgerCase {
  /** The stack whose ledger this must be. */
  readonly ledger: string;
  readonly entries: readonly LedgerText[];
  readonly checkpoints: readonly LedgerText[];
  readonly keys: TrustedKeys;
  /**
   * What earlier readings with the same keys found sound, and what this one does: whoever adds reads a ledger again and
   * again, and most of the work is to check signatures. @default all is computed anew
   */
  readonly sound?: SoundTexts;
}

interface Link {
  readonly entry: LedgerEntry;
  readonly hash: string;
}

/** Entries by the very text that says so. */
export type SoundTexts = Map<string, Link>;

/** Reads a whole ledger and says all that is wrong with it. Everything follows from the texts themselves. */
export function readLedger({ ledger, entries: texts, checkpoints: marks, keys, sound }: LedgerCase): LedgerReading {
  const findings: Finding[] = [];
  const found = (kind: FindingKind, message: string) => void findings.push({ kind, message });
  const links = texts.flatMap((text): readonly Link[] => {
    const known = sound?.get(text.text);
    if (known) return [known];
    const [entry] = opened(text, keys, readEntry, ledger, found);
    if (!entry) return [];
    const link = { entry, hash: hashOf(entry) };
    sound?.set(text.text, link);
    return [link];
  });
  const checkpoints = marks.flatMap((text) => opened(text, keys, readCheckpoint, ledger, found));
  const chain = inOrder(links, found);
  linked(chain, found);
  unrepeated(chain, found);
  asPromised(chain, checkpoints, found);
  if (texts.length === 0 && checkpoints.every(({ count }) => count === 0)) found("empty", "there is no entry");
  const last = chain.at(-1);
  const head = last ? { count: last.entry.sequence, hash: last.hash } : EMPTY;
  const entries = chain.map(({ entry }) => entry);
  return { entries, verdict: { ledger, head, findings, checkpoint: newest(checkpoints) ?? null } };
}

type Found = (kind: FindingKind, message: string) => void;
type Named = { readonly ledger: string };

function opened<T extends Named>(
  { name, text }: LedgerText,
  keys: TrustedKeys,
  read: (content: unknown) => T | undefined,
  ledger: string,
  found: Found,
): T[] {
  const seal = unseal(text, keys);
  if (!seal.ok) {
    found(seal.problem, `${name}: ${WHY[seal.problem]}`);
    return [];
  }
  const content = read(seal.content);
  if (!content) found("unreadable", `${name}: signed, but not in a form that this version knows`);
  else if (content.ledger !== ledger) found("other-ledger", `${name}: belongs to the ledger of ${content.ledger}`);
  else return [content];
  return [];
}

const WHY = {
  unreadable: "not a sealed text",
  altered: "not what its key signed",
  "unknown-key": "signed by a key that is not trusted",
} as const;

const readEntry = (content: unknown): LedgerEntry | undefined => {
  const entry = entrySchema.safeParse(content).data;
  return entry && idOf(entry.ledger, factOf(entry)) === entry.id ? entry : undefined;
};

const readCheckpoint = (content: unknown): Checkpoint | undefined => checkpointSchema.safeParse(content).data;

/** What an entry says besides its place in the chain. */
export const factOf = (entry: LedgerEntry) => {
  const { version: _version, ledger: _ledger, sequence: _sequence, previous: _previous, id: _id, ...fact } = entry;
  return factSchema.parse(fact);
};

/** The entries by number, each once; names numbers that are missing or taken twice. */
function inOrder(links: readonly Link[], found: Found): Link[] {
  const byNumber = new Map<number, Link>();
  for (const link of [...links].sort((a, b) => a.entry.sequence - b.entry.sequence)) {
    const { sequence } = link.entry;
    const other = byNumber.get(sequence);
    if (!other) byNumber.set(sequence, link);
    else if (other.hash === link.hash) found("repeated", `entry ${sequence} is there twice`);
    else found("forked", `there are two different entries ${sequence}`);
  }
  let expected = 1;
  for (const sequence of byNumber.keys()) {
    if (sequence > expected) found("missing", gap(expected, sequence - 1));
    expected = sequence + 1;
  }
  return [...byNumber.values()];
}

const gap = (from: number, to: number): string =>
  from === to ? `entry ${from} is not there` : `entries ${from} to ${to} are not there`;

/** Each entry holds the hash of the one before. Beside a gap nothing can be said. */
function linked(chain: readonly Link[], found: Found): void {
  chain.forEach(({ entry: { sequence, previous } }, index) => {
    const before = chain[index - 1];
    if (sequence === 1 ? previous === BEGINNING : before?.entry.sequence !== sequence - 1) return;
    if (before?.hash === previous) return;
    found("reordered", `entry ${sequence} does not follow the entry before it`);
  });
}

function unrepeated(chain: readonly Link[], found: Found): void {
  const seen = new Map<string, number>();
  for (const {
    entry: { id, sequence },
  } of chain) {
    const first = seen.get(id);
    if (first === undefined) seen.set(id, sequence);
    else found("repeated", `entry ${sequence} says again what entry ${first} says`);
  }
}

/** Compares the chain with what was signed of it at earlier moments. */
function asPromised(chain: readonly Link[], checkpoints: readonly Checkpoint[], found: Found): void {
  const last = chain.at(-1)?.entry.sequence ?? 0;
  const most = newest(checkpoints);
  if (most && most.count > last)
    found("cut-off", `there are ${last} entries; the checkpoint of ${most.at} knows of ${most.count}`);
  const hashes = new Map(chain.map(({ entry, hash }) => [entry.sequence, hash]));
  for (const { count, head, at } of checkpoints) {
    const now = count === 0 ? BEGINNING : hashes.get(count);
    if (now !== undefined && now !== head)
      found("rewritten", `entry ${count} is not the one that the checkpoint of ${at} knows`);
  }
  const known = new Set(checkpoints.map(hashOfCheckpoint));
  for (const { previous, at } of checkpoints)
    if (previous !== null && !known.has(previous))
      found("missing", `the checkpoint before the one of ${at} is not there`);
}

const newest = (checkpoints: readonly Checkpoint[]): Checkpoint | undefined =>
  [...checkpoints].sort((a, b) => b.count - a.count || (a.at < b.at ? 1 : -1))[0];
