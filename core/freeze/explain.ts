import type { FreezeBook } from "./book";
import { decideFreeze, type FreezeDecision, type Spans } from "./decide";
import { noticeText } from "./describe";
import type { FreezeFlag } from "./flag";
import { holds, type BreakGlass } from "./glass";
import { instantText } from "./instant";
import type { FreezeWindow } from "./window";
import { covers, scopeText, type Question } from "./scope";

/** Everything that bears on a freeze, and what follows from it. Contract of `hms freeze explain --json`. */
export interface Explanation {
  readonly at: string;
  readonly decision: FreezeDecision;
  readonly flags: readonly (FreezeFlag & Applies)[];
  readonly windows: readonly WindowExplained[];
  readonly breakGlass: readonly (BreakGlass & Applies)[];
  readonly problems: readonly string[];
}

interface Applies {
  /** Whether it is about what was asked. */
  readonly covers: boolean;
  /** Whether it is in force at that instant. */
  readonly active: boolean;
}

export interface WindowExplained extends Applies {
  readonly name: string;
  readonly effect: "deny" | "allow";
  readonly reason: string;
  readonly who: string;
  readonly scope: string;
  readonly tzid: string;
  readonly now: { readonly start: string; readonly end: string } | null;
  readonly next: { readonly start: string; readonly end: string } | null;
}

export function explainFreeze(book: FreezeBook, spans: Spans, question: Question, at: Date): Explanation {
  const span = (found: ReturnType<Spans["at"]>) =>
    found ? { start: instantText(found.start), end: instantText(found.end) } : null;
  return {
    at: instantText(at),
    decision: decideFreeze(book, spans, question, at),
    flags: book.flags.map((flag) => ({
      ...flag,
      covers: covers(flag, question),
      active: flag.until === undefined || at.getTime() < Date.parse(flag.until),
    })),
    windows: book.windows.map((window) => {
      const now = span(inForce(spans, window, at));
      const { name, effect, reason, who, tzid } = window;
      return {
        ...{ name, effect, reason, who, tzid, now },
        scope: scopeText(window),
        next: span(spans.next(window, at)),
        covers: covers(window, question),
        active: now !== null,
      };
    }),
    breakGlass: book.glass.map((glass) => ({ ...glass, covers: covers(glass, question), active: holds(glass, at) })),
    problems: book.problems,
  };
}

/** One that cannot be computed is among the decision's reasons. */
function inForce(spans: Spans, window: FreezeWindow, at: Date) {
  try {
    return spans.at(window, at);
  } catch {
    return undefined;
  }
}

/** The same for people. */
export function explanationText({ decision, flags, windows, breakGlass, problems }: Explanation): string[] {
  const scoped = (text: string) => (text === "" ? "" : ` [${text}]`);
  return [
    noticeText(decision) ?? "no freeze is in effect",
    ...problems.map((problem) => `  unreadable: ${problem}`),
    ...flags.map((flag) => {
      const end = flag.until === undefined ? "until it is lowered" : `until ${flag.until}`;
      const state = flag.active ? "in effect" : "over";
      return `  flag${scoped(scopeText(flag))}: ${state}, ${end}: ${flag.reason} (${flag.who})${aside(flag)}`;
    }),
    ...windows.map((window) => {
      const now = window.now ? `now until ${window.now.end}` : "not now";
      const next = window.next ? `next ${window.next.start} to ${window.next.end}` : "never again";
      const head = `  ${window.effect} window ${window.name}${scoped(window.scope)}`;
      return `${head}: ${now}, ${next} (${window.tzid}): ${window.reason} (${window.who})${aside(window)}`;
    }),
    ...breakGlass.map((glass) => {
      const state = glass.active ? `until ${glass.until}` : `over since ${glass.until}`;
      return `  break-glass${scoped(scopeText(glass))}: ${state}: ${glass.by}: ${glass.reason}${aside(glass)}`;
    }),
  ];
}

const aside = ({ covers: mine }: Applies): string => (mine ? "" : "; not about what was asked");
