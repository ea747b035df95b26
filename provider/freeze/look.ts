import * as path from "node:path";
import { readBook, unreadableBook, type FreezeBook } from "../../core/freeze/book";
import { decideFreeze, type FreezeDecision, type Spans } from "../../core/freeze/decide";
import { loadSpans } from "../../core/freeze/recurrence";
import type { FreezePlace } from "../../core/freeze/place";
import type { Question } from "../../core/freeze/scope";
import { reasonOf } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { accountStore } from "./accountStore";
import { configMapStore } from "./configMapStore";
import { fileStore } from "./fileStore";
import type { FreezeStore } from "./store";

/** A store that says nothing for so long cannot be read, and what cannot be read is frozen. */
const DEADLINE_MS = 5000;

/** @param root folder that a relative path of a flag is relative to. */
export const freezeStore = (
  kube: () => KubeClient,
  namespace: string,
  { stack, file, account }: Pick<FreezePlace, "stack" | "file" | "account">,
  root = process.cwd(),
): FreezeStore => {
  if (account !== undefined) return accountStore(account, stack);
  return file === undefined ? configMapStore(kube(), namespace) : fileStore(path.resolve(root, file));
};

/** What the store holds, with what computes its windows. Never throws but for the caller's own stop. */
export async function readFreeze(
  store: FreezeStore,
  signal?: AbortSignal,
): Promise<{ readonly book: FreezeBook; readonly spans: Spans }> {
  const { patienceMs = DEADLINE_MS } = store;
  const deadline = AbortSignal.timeout(patienceMs);
  let book: FreezeBook;
  try {
    book = readBook(await store.read(signal ? AbortSignal.any([signal, deadline]) : deadline), store.where);
  } catch (error) {
    signal?.throwIfAborted();
    book = unreadableBook(store.where, deadline.aborted ? `no answer in ${patienceMs / 1000} s` : reasonOf(error));
  }
  return { book, spans: book.windows.length === 0 ? NO_SPANS : await loadSpans() };
}

/** One look: may it be done now? */
export async function askFreeze(
  store: FreezeStore,
  question: Question,
  signal?: AbortSignal,
  now: () => Date = () => new Date(),
): Promise<FreezeDecision> {
  const { book, spans } = await readFreeze(store, signal);
  return decideFreeze(book, spans, question, now());
}

const NO_SPANS: Spans = { at: () => undefined, next: () => undefined };
