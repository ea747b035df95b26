import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { LedgerText } from "../../core/ledger/verify";
import { sync } from "../../platform/durable";

/** Where a ledger is kept. Nothing in it is ever changed or removed by us. */
export interface LedgerSink {
  /** For people. */
  readonly where: string;
  /** Entries by number, or checkpoints by the number of entries that they know of; ascending. */
  list(kind: LedgerPart): Promise<readonly LedgerText[]>;
  /**
   * Puts a text under a number, whole and for good, unless something is there already.
   * @returns whether it was put there. @throws Error when it cannot be known to be kept.
   */
  create(kind: LedgerPart, number: number, text: string): Promise<boolean>;
}

export const LEDGER_PARTS = ["entries", "checkpoints"] as const;
export type LedgerPart = (typeof LEDGER_PARTS)[number];

/** Digits of a file's name, so that names sort like numbers. */
export const DIGITS = 12;
const NAME = new RegExp(`^\\d{${DIGITS}}\\.json$`);

/**
 * A ledger in a folder, also a shared one: `<folder>/<ledger>/entries/000000000001.json`. Writers on several machines
 * exclude each other by link(2), which makes a name once.
 */
export class FolderSink implements LedgerSink {
  readonly where: string;

  constructor(folder: string, ledger: string) {
    this.where = path.join(folder, ledger);
  }

  async list(kind: LedgerPart): Promise<readonly LedgerText[]> {
    const folder = path.join(this.where, kind);
    const names = await readdir(folder).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    const files = names.filter((name) => NAME.test(name)).sort();
    return Promise.all(
      files.map(async (name) => ({ name: `${kind}/${name}`, text: await readFile(path.join(folder, name), "utf8") })),
    );
  }

  async create(kind: LedgerPart, number: number, text: string): Promise<boolean> {
    const folder = path.join(this.where, kind);
    await mkdir(folder, { recursive: true });
    const draft = path.join(folder, `.${randomBytes(8).toString("hex")}.draft`);
    try {
      await writeThrough(draft, text);
      await link(draft, path.join(folder, `${String(number).padStart(DIGITS, "0")}.json`));
      await sync(folder);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);
