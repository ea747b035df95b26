import { glassFor, type BreakGlass } from "./glass";
import { instantText } from "./instant";
import type { FreezeBook } from "./book";
import { covers, type Question } from "./scope";
import type { FreezeWindow } from "./window";

export interface Span {
  readonly start: Date;
  /** The first instant after it. */
  readonly end: Date;
}

/** When windows are; apart, as what computes it is loaded only where there are windows. */
export interface Spans {
  /** The occurrence that the instant is in; of several the one that ends last. */
  at(window: FreezeWindow, at: Date): Span | undefined;
  /** The first one that begins after the instant, as far as it is found; for people, nothing is decided by it. */
  next(window: FreezeWindow, after: Date): Span | undefined;
}

/** Something that freezes. */
export interface Frozen {
  readonly frozen: true;
  readonly reason: string;
  readonly who: string;
  /** ISO instant; `null` where nobody wrote it down. */
  readonly since: string | null;
  /** ISO instant from which on nothing freezes any more, as far as is known now; `null`: until somebody lowers it. */
  readonly until: string | null;
  readonly link?: string;
  /** What it comes from: `flag`, `window <name>`, `outside of <names>` or `unreadable`. */
  readonly source: string;
  /** How many more things freeze beside this one. */
  readonly others: number;
}

export interface Open {
  readonly frozen: false;
  /** There is a freeze, and a person broke the glass. Whoever goes on says so. */
  readonly broken?: { readonly freeze: Frozen; readonly glass: BreakGlass };
}

export type FreezeDecision = Frozen | Open;

type Cause = Omit<Frozen, "others">;

/** Overlapping windows are followed so far to say when it is all over. */
const LONGEST_CHAIN = 100;

/** Whether something may be done at an instant. What cannot be read freezes. Pure. */
export function decideFreeze(book: FreezeBook, spans: Spans, question: Question, at: Date): FreezeDecision {
  const causes = causesAt(book, spans, question, at);
  const [first] = causes;
  if (!first) return { frozen: false };
  const freeze = { ...first, until: overAt(book, spans, question, at, causes), others: causes.length - 1 };
  const glass = glassFor(book.glass, question, at);
  return glass ? { frozen: false, broken: { freeze, glass } } : freeze;
}

function causesAt(book: FreezeBook, spans: Spans, question: Question, at: Date): Cause[] {
  const { flags, windows, problems } = book;
  const mine = windows.filter((window) => covers(window, question));
  const denied = mine.flatMap((window): Cause[] => {
    if (window.effect !== "deny") return [];
    const span = computed(() => spans.at(window, at));
    if (typeof span === "string") return [unreadable(`the window ${window.name} cannot be computed: ${span}`)];
    return span
      ? [
          {
            ...said(window),
            since: instantText(span.start),
            until: instantText(span.end),
            source: `window ${window.name}`,
          },
        ]
      : [];
  });
  return [
    ...problems.map((problem) => unreadable(problem)),
    ...flags
      .filter((flag) => covers(flag, question) && (flag.until === undefined || at.getTime() < Date.parse(flag.until)))
      .map((flag): Cause => ({ ...said(flag), since: flag.since, until: flag.until ?? null, source: "flag" })),
    ...denied,
    ...outside(
      mine.filter(({ effect }) => effect === "allow"),
      spans,
      at,
    ),
  ];
}

/** Where windows say when changes are allowed, every other time is frozen. */
function outside(windows: readonly FreezeWindow[], spans: Spans, at: Date): Cause[] {
  const [first] = windows;
  const isIn = (window: FreezeWindow) => typeof computed(() => spans.at(window, at)) === "object";
  if (!first || windows.some(isIn)) return [];
  const next = windows.flatMap((window) => spans.next(window, at)?.start.getTime() ?? []);
  const names = windows.map(({ name }) => name).join(", ");
  return [
    {
      ...said(first),
      since: null,
      until: next.length === 0 ? null : instantText(new Date(Math.min(...next))),
      source: `outside of ${names}`,
    },
  ];
}

function overAt(book: FreezeBook, spans: Spans, question: Question, at: Date, now: readonly Cause[]): string | null {
  let causes = now;
  let end: Date = at;
  for (let link = 0; link < LONGEST_CHAIN; link++) {
    const ends = causes.map(({ until }) => (until === null ? Infinity : Date.parse(until)));
    const last = Math.max(...ends);
    // An end that does not move on would never come.
    if (!Number.isFinite(last) || last <= end.getTime()) return null;
    end = new Date(last);
    causes = causesAt(book, spans, question, end);
    if (causes.length === 0) return instantText(end);
  }
  return null;
}

/** The span, or why nobody can tell: a library gives up on rules that it would search for too long. */
function computed(span: () => Span | undefined): Span | string | undefined {
  try {
    return span();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What could not be read, as a freeze. */
const unreadable = (problem: string): Cause => ({
  frozen: true,
  reason: problem,
  who: "nobody: what cannot be read is taken as frozen",
  since: null,
  until: null,
  source: "unreadable",
});

const said = (by: { readonly reason: string; readonly who: string; readonly link?: string }) => ({
  frozen: true as const,
  reason: by.reason,
  who: by.who,
  ...(by.link === undefined ? {} : { link: by.link }),
});
