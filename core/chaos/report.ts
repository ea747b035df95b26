import type { Color } from "../rollout/color";
import { availability, isEnough, type Tally, type Via } from "./availability";
import type { ChaosOptions, Mode } from "./options";

export type Verdict = "pass" | "fail" | "inconclusive";

export interface Kill {
  readonly at: string;
  readonly pod: string;
  readonly color: Color;
  /** Until as many pods of the color were ready as are asked for; `null` if that was not seen. */
  readonly recoveredMs: number | null;
}

/** One stream of requests, and the pods that answered it. Times are ISO 8601, shares 0..1. */
export interface ServiceReport {
  readonly name: string;
  /** `public`: as users' requests travel. `probe`: to the idle color, by the header of the stack's own tests. */
  readonly via: Via;
  readonly colors: readonly Color[];
  readonly sent: number;
  readonly lost: number;
  /** `null` when nothing was sent. */
  readonly availability: number | null;
  /** Why requests were lost, the most frequent reason first. */
  readonly losses: readonly { readonly why: string; readonly count: number }[];
  readonly kills: readonly Kill[];
  readonly worstSecond: {
    readonly at: string;
    readonly sent: number;
    readonly lost: number;
    readonly availability: number;
  } | null;
  readonly verdict: Verdict;
  /** Why it is no pass. */
  readonly reason: string | null;
}

/** Contract of `hms chaos run --json`: people script against it, so keys are added, never renamed. */
export interface ChaosReport {
  readonly target: string;
  readonly startedAt: string;
  /** How long answers were counted. */
  readonly seconds: number;
  readonly mode: Mode;
  readonly seed: number;
  readonly minAvailability: number;
  readonly services: readonly ServiceReport[];
  readonly verdict: Verdict;
  readonly reason: string | null;
}

/** What was seen of one stream, before it is judged. */
export interface Measured {
  readonly name: string;
  readonly via: Via;
  readonly colors: readonly Color[];
  readonly tally: Tally;
  readonly kills: readonly Kill[];
  /** Why pods of it could not be killed, or not as long as was asked for. */
  readonly hindrance: string | null;
}

/** Only a run that killed, counted, lost less than it may and saw all come back says pass. */
export function judge(
  measured: Measured,
  minimum: number,
): { readonly verdict: Verdict; readonly reason: string | null } {
  const { name, tally, kills, hindrance } = measured;
  const { sent, lost } = tally;
  if (sent > 0 && !isEnough(sent, lost, minimum)) {
    const asked = minimum === 1 ? "none may be lost" : `more than ${percentText(minimum)} is asked for`;
    return {
      verdict: "fail",
      reason: `${name}: ${percentText((sent - lost) / sent)} of ${sent} requests were answered, ${asked}`,
    };
  }
  const gone = kills.filter((kill) => kill.recoveredMs === null);
  if (gone.length > 0 && hindrance === null) {
    const colors = [...new Set(gone.map((kill) => kill.color))].join(" and ");
    return {
      verdict: "fail",
      reason: `${name}: ${colors} did not get whole again after ${gone.at(-1)?.pod ?? "a pod"} was killed`,
    };
  }
  const cannotTell =
    hindrance ?? (sent === 0 ? "no request was sent" : kills.length === 0 ? "no pod of it was killed" : null);
  return cannotTell === null
    ? { verdict: "pass", reason: null }
    : { verdict: "inconclusive", reason: `${name}: ${cannotTell}` };
}

/** Puts the streams, at least one, together; the worst of their verdicts is that of the run. */
export function chaosReport(
  target: string,
  begun: Date,
  seconds: number,
  { mode, seed, minAvailability }: ChaosOptions,
  measured: readonly Measured[],
): ChaosReport {
  const services = measured.map((one) => serviceReport(one, begun, minAvailability));
  const verdict = (["fail", "inconclusive"] as const).find((one) =>
    services.some((service) => service.verdict === one),
  );
  const reasons = services.flatMap((service) => (service.verdict === verdict ? (service.reason ?? []) : []));
  return {
    target,
    startedAt: begun.toISOString(),
    seconds: Math.round(seconds * 10) / 10,
    mode,
    seed,
    minAvailability,
    services,
    verdict: verdict ?? "pass",
    reason: reasons.length === 0 ? null : reasons.join("; "),
  };
}

function serviceReport(measured: Measured, begun: Date, minimum: number): ServiceReport {
  const { name, via, colors, tally, kills } = measured;
  const { sent, lost, losses, worst } = tally;
  return {
    name,
    via,
    colors,
    sent,
    lost,
    availability: availability(sent, lost),
    losses,
    kills,
    worstSecond: worst
      ? {
          at: new Date(begun.getTime() + worst.second * 1000).toISOString(),
          sent: worst.sent,
          lost: worst.lost,
          availability: (worst.sent - worst.lost) / worst.sent,
        }
      : null,
    ...judge(measured, minimum),
  };
}

/** Two decimals, never rounded up: what is short of something does not look like it. */
export function percentText(share: number): string {
  const hundredths = Math.floor(share * 10_000 + 1e-6);
  return `${hundredths / 100} %`;
}
