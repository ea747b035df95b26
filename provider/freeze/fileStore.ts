import * as fs from "node:fs/promises";
import * as path from "node:path";
import { randomBytes } from "node:crypto";
import type { FreezeTexts } from "../../core/freeze/book";
import { RefusedError } from "../../platform/errors";
import { withLock } from "../../platform/lock";
import type { FreezeStore } from "./store";

/**
 * The freeze in files: `touch FILE` freezes, `rm FILE` ends it, and calendar and break-glass lie beside it.
 * @param file absolute path of the flag.
 */
export function fileStore(file: string): FreezeStore {
  const files = { flag: file, calendar: `${file}.calendar.yaml`, breakGlass: `${file}.break-glass.yaml` } as const;
  const keys = Object.keys(files) as (keyof typeof files)[];
  const read = async (): Promise<FreezeTexts> => {
    const texts = await Promise.all(keys.map((key) => textOf(files[key])));
    return Object.fromEntries(keys.flatMap((key, index) => (texts[index] === undefined ? [] : [[key, texts[index]]])));
  };
  return {
    where: `file ${file}`,
    read,
    async update(change, signal) {
      await withLock(
        `freeze:${file}`,
        () => undefined,
        signal,
        async () => {
          const before = await foreseen(file, read);
          const after = change(before);
          for (const key of keys) {
            const text = after[key];
            if (text === before[key]) continue;
            await foreseen(file, () =>
              text === undefined ? fs.rm(files[key], { force: true }) : replace(files[key], text),
            );
          }
        },
      );
    },
  };
}

/** What the file system refuses is for a person to mend, and no bug. */
async function foreseen<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new RefusedError(`the freeze in file ${file} cannot be changed: ${error.message}`, { cause: error });
  }
}

/** `undefined` only when there is nothing at all under that name. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    // A link that leads nowhere exists all the same.
    const link = await fs.lstat(file).catch(() => undefined);
    if (link) throw error;
    return undefined;
  }
}

/** A reader sees the old text or the new one, never half of it. */
async function replace(file: string, text: string): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  const fresh = `${file}.${randomBytes(4).toString("hex")}`;
  await fs.writeFile(fresh, text, { mode: 0o644 });
  await fs.rename(fresh, file);
}
