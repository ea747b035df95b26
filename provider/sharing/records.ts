import {
  emptyBook,
  readBook,
  reviewsOf,
  withRecords,
  writeBook,
  type NewRecord,
  type RecordBook,
} from "../../core/sharing/records";
import { RECORDS_KEY, recordsMap } from "../../core/sharing/names";
import type { Review } from "../../core/sharing/review";
import { readText, removeText, updateText, type SharingPlace, type TextRef } from "./storedText";

export const recordsText = (sandbox: string): TextRef => ({ sandbox, map: recordsMap(sandbox), key: RECORDS_KEY });

/** What happened at a sandbox's door; `undefined` while nothing has. */
export async function recordsOf(
  place: SharingPlace,
  sandbox: string,
  signal?: AbortSignal,
): Promise<RecordBook | undefined> {
  const text = await readText(place, recordsText(sandbox), signal);
  return text === undefined ? undefined : readBook(text);
}

/** What reviewers said of a sandbox, oldest first. */
export async function decisionsOf(
  place: SharingPlace,
  sandbox: string,
  signal?: AbortSignal,
): Promise<readonly Review[]> {
  const book = await recordsOf(place, sandbox, signal);
  return book ? reviewsOf(book) : [];
}

/** @throws whatever keeps them from being kept. */
export async function addRecords(
  place: SharingPlace,
  sandbox: string,
  fresh: readonly NewRecord[],
  signal?: AbortSignal,
): Promise<void> {
  const change = (text: string | undefined) =>
    writeBook(withRecords(text === undefined ? emptyBook(sandbox) : readBook(text), fresh));
  await updateText(place, recordsText(sandbox), change, signal);
}

export const removeRecords = (place: SharingPlace, sandbox: string): Promise<boolean> =>
  removeText(place, recordsText(sandbox));
