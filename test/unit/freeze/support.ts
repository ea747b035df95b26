import { readBook, type FreezeBook } from "../../../core/freeze/book";
import { decideFreeze, type FreezeDecision } from "../../../core/freeze/decide";
import { loadSpans } from "../../../core/freeze/recurrence";
import type { Question } from "../../../core/freeze/scope";
import { readCalendar, type FreezeWindow } from "../../../core/freeze/window";

/** One window, as a calendar has it; the keys given come on top of a reason and a name. */
export function windowOf(keys: Readonly<Record<string, unknown>>): FreezeWindow {
  const text = JSON.stringify({ windows: [{ name: "w", reason: "because", who: "ops", ...keys }] });
  const { value, problems } = readCalendar(text);
  const [window] = value;
  if (!window) throw new Error(problems.join("; "));
  return window;
}

export const WHOLE: Question = { stack: "prod", action: "deploy" };

export const decide = async (book: FreezeBook, at: string, question: Question = WHOLE): Promise<FreezeDecision> =>
  decideFreeze(book, await loadSpans(), question, new Date(at));

/** The book of a store that holds these texts. */
export const bookOf = (texts: Parameters<typeof readBook>[0]): FreezeBook => readBook(texts, "the store");

export const calendarOf = (...windows: readonly Readonly<Record<string, unknown>>[]): FreezeBook =>
  bookOf({
    calendar: JSON.stringify({ windows: windows.map((keys) => ({ reason: "because", who: "ops", ...keys })) }),
  });
