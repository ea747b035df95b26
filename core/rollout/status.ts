import { configMapName } from "../configMap/content";
import { COLORS, perColor, type Color, type Weights } from "./color";
import { workloadName } from "./names";
import type { ActualRollout, ColorFact } from "./plan";
import { turnOf } from "../schedule/turn";
import { clockTime, zonedText } from "../schedule/zone";
import { describeHold } from "./record";
import { describeRelease } from "./release";

/** Contract of `hms status --json`: people script against it, so keys are added, never renamed. */
export interface StatusDocument {
  readonly stack: string;
  readonly frozen: null | { readonly reason: string; readonly until: string | null };
  readonly services: readonly ServiceStatus[];
}

export interface ServiceStatus {
  readonly name: string;
  readonly account: string | null;
  readonly target: string;
  readonly url: string;
  readonly live: Color | null;
  readonly weights: Weights | null;
  readonly phase: "live" | "parked" | "scheduled" | "moving";
  readonly scheduledAt: string | null;
  /** Ids of releases that may not go live by themselves. */
  readonly held: readonly string[];
  readonly stale: boolean;
  readonly colors: { readonly blue: ColorStatus | null; readonly green: ColorStatus | null };
}

export interface ColorStatus {
  readonly tag: string;
  readonly release: string;
  readonly image: string;
  readonly ready: number;
  readonly desired: number;
  readonly proven: boolean;
  /** ConfigMap that its pods read. */
  readonly config: string;
}

export interface ServiceSeen {
  readonly name: string;
  /** Logical name of the account; `null` where the stack has none. @default null */
  readonly account?: string | null;
  readonly target: string;
  readonly url: string;
  readonly actual: ActualRollout;
  /** Who is moving its traffic now. */
  readonly mover: string | null;
  /** Releases whose `down` is to run. @default none */
  readonly owed?: readonly string[];
  /** When it was looked at; nothing counts as late without it. */
  readonly seenAt?: Date;
}

export function serviceStatus({ name, account = null, target, url, actual, mover }: ServiceSeen): ServiceStatus {
  return {
    name,
    account,
    target,
    url,
    live: actual.live,
    weights: actual.weights,
    phase: phaseOf(actual, mover),
    scheduledAt: actual.record.scheduled?.at ?? null,
    held: actual.record.holds.map((hold) => hold.release),
    stale: false,
    colors: perColor((color) => colorStatus(name, color, actual.colors[color])),
  };
}

/** Whoever prepares a scheduled move has the lease already, shortly before its instant. */
function phaseOf({ record: { move, scheduled } }: ActualRollout, mover: string | null): ServiceStatus["phase"] {
  if (scheduled && !move) return "scheduled";
  return mover !== null ? "moving" : move?.parked ? "parked" : "live";
}

function colorStatus(service: string, color: Color, fact: ColorFact | null): ColorStatus | null {
  if (!fact) return null;
  const { release, ready, desired, proven } = fact;
  const config = fact.sharedConfigMap ? workloadName(service, color) : configMapName(service, release.spec);
  return { tag: release.tag, release: release.id, image: release.image, ready, desired, proven, config };
}

/** The same for people: a line a service, and one for whatever needs attention. */
export function statusText(seen: readonly ServiceSeen[]): string[] {
  return seen.flatMap(({ name: service, account = null, url, actual, mover, owed = [], seenAt }) => {
    const name = account === null ? service : `${account}/${service}`;
    const color = actual.live;
    const live = color && actual.colors[color];
    const head = live
      ? `${name}  ${color} is live with ${live.release.tag} (${live.release.id})  ${url}`
      : `${name}  nothing is live yet  ${url}`;
    const sides = COLORS.flatMap((color) => {
      const fact = actual.colors[color];
      if (!fact) return [];
      const share = actual.weights ? `${actual.weights[color]} %` : "no route";
      const proof = fact.missing ? "workload missing" : fact.proven ? "proven" : "not proven";
      return [
        `  ${color.padEnd(5)} ${share.padStart(5)}  ${fact.ready}/${fact.desired} ready  ${fact.release.tag}  ${proof}`,
      ];
    });
    return [
      head,
      ...sides,
      ...scheduledText(actual, mover === null ? seenAt : undefined),
      ...(mover === null ? [] : [`  moving: ${mover}`]),
      ...(mover === null ? unfinished(actual) : []),
      ...(actual.foreign ? [`  weights were written by ${actual.foreign.writer}, not by the last move`] : []),
      ...actual.record.holds.map((hold) => `  ${describeHold(hold)}`),
      ...owed.map((release) => `  down of ${release} is owed; hms-deploy abort runs it, and so does the next update`),
    ];
  });
}

/** What waits for its instant, or what came live by one. */
function scheduledText({ record: { scheduled, events } }: ActualRollout, unmovedAt: Date | undefined): string[] {
  if (scheduled) {
    const { at, zone, color, delayed } = scheduled;
    const release = describeRelease({ id: scheduled.release, tag: scheduled.tag });
    const held = delayed ? `; held since ${delayed.since}: ${delayed.why}` : "";
    // Its pod would have ended it.
    const isLate = unmovedAt !== undefined && turnOf(scheduled, unmovedAt.getTime(), 0).kind === "expire";
    const late = isLate
      ? "; nothing moved it in time: hms-deploy promote moves it now, hms-deploy abort cancels it"
      : "";
    return [`  SCHEDULED@${clockTime(at, zone)} (${zonedText(at, zone)}): ${release} on ${color}${held}${late}`];
  }
  const last = events.findLast(({ kind }) => kind === "deploy" || kind === "rollback" || kind === "repair");
  return last?.scheduled === undefined ? [] : [`  live version ${last.tag} since ${last.at}, ${last.reason ?? ""}`];
}

function unfinished({ record: { move, weights } }: ActualRollout): string[] {
  if (!move) return [];
  const share = `${weights[move.to]} % of the traffic is on ${move.to}`;
  return move.parked
    ? [`  parked since ${move.parked.at}: ${share}, until ${move.parked.until}; promote it, or roll it back`]
    : move.intent === "rollback"
      ? [`  a rollback was left unfinished: ${share}; hms-deploy rollback again, or hms-deploy abort`]
      : [`  a move was left unfinished: ${share}; deploy again, or hms-deploy abort`];
}

/** `1% traffic healthy (p95=12 ms)`: what the gates last said of a parked release; `undefined` when nothing is parked. */
export function parkedText({ record: { move, weights } }: ActualRollout): string | undefined {
  if (!move?.parked) return undefined;
  const { value: p95, synthetic } = move.parked.evidence.find(({ gate }) => gate === "p95-latency") ?? {};
  const source = synthetic === undefined ? "" : " of synthetic requests";
  const latency = p95 === undefined || p95 === null ? "" : ` (p95=${Math.round(p95 * 1000)} ms${source})`;
  // Parked is what has passed; without gates nothing was looked at, and nothing is said of health.
  return move.parked.evidence.length === 0
    ? `${weights[move.to]}% traffic, no gates`
    : `${weights[move.to]}% traffic healthy${latency}`;
}
