import { canonicalJson } from "../core/canonicalJson";
import type { FreezeBook } from "../core/freeze/book";
import { decideFreeze, type FreezeDecision, type Spans } from "../core/freeze/decide";
import { noticeText } from "../core/freeze/describe";
import { parseInstant } from "../core/freeze/instant";
import { parseZonedTime } from "../core/freeze/zonedTime";
import type { Question } from "../core/freeze/scope";
import { parseDuration } from "../core/service/duration";
import { projectRoot } from "../platform/home";
import { readFreeze, freezeStore } from "../provider/freeze/look";
import type { FreezeStore } from "../provider/freeze/store";
import { UsageError, type Invocation, type Io } from "./command";
import { openTarget, openTargets, type OpenStack } from "./stack";

/** Where a stack keeps its freeze, as the command line reaches it. */
export const storeOf = ({ config, session }: OpenStack): FreezeStore =>
  freezeStore(() => session.kube, config.namespace, { stack: config.stack, ...config.freeze }, projectRoot());

/** Lines of one place, under its account's name where the stack has several. */
export const placed = ({ config: { account } }: OpenStack, lines: readonly string[]): readonly string[] =>
  account === undefined ? lines : lines.map((line) => `${account}: ${line}`);

type Open<T> = (stack: string, only: string | undefined, account: string | undefined, env: NodeJS.ProcessEnv) => T;

const opened = <T>(open: Open<T>, invocation: Invocation, io: Io): T =>
  open(invocation.required("stack"), invocation.text("service"), invocation.text("account"), io.env);

/** Where the freeze of one place is looked at: the stack's, or that of the account that is named. */
export const onePlace = (invocation: Invocation, io: Io): Promise<OpenStack> => opened(openTarget, invocation, io);

export interface OpenFreeze {
  readonly open: OpenStack;
  readonly store: FreezeStore;
  /** Begins a line about it; empty where the stack has one place only. */
  readonly label: string;
}

/** Everywhere that the stack keeps its freeze, each once: a file, or one account's parameters, may be the freeze of all. */
export async function everyPlace(invocation: Invocation, io: Io): Promise<readonly OpenFreeze[]> {
  const places = new Map<string, OpenStack>();
  for (const open of await opened(openTargets, invocation, io)) {
    const { freeze, account } = open.config;
    const isElsewhere = freeze.file !== undefined || freeze.account !== undefined;
    const key = isElsewhere ? canonicalJson(freeze) : `cluster of ${account ?? "the stack"}`;
    if (!places.has(key)) places.set(key, open);
  }
  const isOne = places.size === 1 && invocation.text("account") === undefined;
  return [...places.values()].map((open) => {
    const { account } = open.config;
    return { open, store: storeOf(open), label: account === undefined || isOne ? "" : `${account}: ` };
  });
}

/** A stack's freeze now: of the stack as a whole, and of each service asked for. */
export interface FreezeSeen {
  readonly where: string;
  readonly stack: FreezeDecision;
  readonly services: readonly { readonly name: string; readonly decision: FreezeDecision }[];
}

export async function seeFreeze(open: OpenStack, signal: AbortSignal): Promise<FreezeSeen> {
  const store = storeOf(open);
  const { book, spans } = await readFreeze(store, signal);
  return decisionsOf(open, store.where, book, spans);
}

export function decisionsOf(
  { config, services }: Pick<OpenStack, "config" | "services">,
  where: string,
  book: FreezeBook,
  spans: Spans,
  at = new Date(),
): FreezeSeen {
  const decide = (service?: string): FreezeDecision => {
    const question: Question = { stack: config.stack, action: "deploy", ...(service === undefined ? {} : { service }) };
    return decideFreeze(book, spans, question, at);
  };
  return {
    where,
    stack: decide(),
    services: services.map(({ name }) => ({ name, decision: decide(name) })),
  };
}

/** What `hms status --json` says of it: of the stack, or else of the services that alone are frozen. */
export function frozenOf({ stack, services }: FreezeSeen): { reason: string; until: string | null } | null {
  if (stack.frozen) return { reason: stack.reason, until: stack.until };
  for (const { name, decision } of services)
    if (decision.frozen) return { reason: `${name} alone: ${decision.reason}`, until: decision.until };
  return null;
}

/** A line for whoever looks, and none where nothing is frozen. */
export function freezeLines({ stack, services }: FreezeSeen): string[] {
  const whole = noticeText(stack);
  // What is true of the stack is not said again of each service; that the glass is broken for one is.
  const own = services.filter(({ decision }) => whole === undefined || (stack.frozen && !decision.frozen));
  const notices = own.flatMap(({ name, decision }) => {
    const notice = noticeText(decision);
    return notice === undefined ? [] : [`${name}: ${notice}`];
  });
  return whole === undefined ? notices : [whole, ...notices];
}

/**
 * An end in the future: an instant with offset, a local time with its zone, or a time from now.
 * @throws UsageError
 */
export async function endOf(text: string, option: string, now = new Date()): Promise<Date> {
  const allowed =
    "an instant such as 2026-12-01T09:00:00Z, 2026-12-01T09:00[America/New_York], or a time from now such as 2h";
  const seconds = parseDuration(text);
  const end =
    seconds !== undefined && seconds > 0
      ? new Date(now.getTime() + seconds * 1000)
      : (parseInstant(text) ?? (await parseZonedTime(text)));
  if (end === undefined) throw new UsageError(`--${option}: got "${text}"; allowed is ${allowed}`);
  if (end <= now) throw new UsageError(`--${option}: got "${text}", which is over; allowed is ${allowed}, to come`);
  return end;
}
