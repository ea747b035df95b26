import { open } from "node:fs/promises";

/** Waits until what was written into a file, or which names are in a folder, is on the disk, where a power cut leaves it. */
export async function sync(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
