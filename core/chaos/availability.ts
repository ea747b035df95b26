import { HEADER } from "../rollout/names";

/** How the requests travel: as everybody's, or to the color without traffic by the header that only testers know. */
export type Via = "public" | "probe";

/**
 * What is wrong with an answer; `undefined` for a right one. Our route marks the answers of a service, so that an
 * answer of somebody else (a gateway that lost the route says 404) is never taken for one.
 */
export function answerProblem(status: number, color: string | undefined, via: Via): string | undefined {
  if (status >= 500) return `status ${status}`;
  if (via === "public") return color === undefined ? `status ${status} without the header ${HEADER.color}` : undefined;
  return color === undefined ? undefined : `status ${status} from ${color}, which has the traffic`;
}

export interface SecondSeen {
  /** Whole seconds since the run began. */
  readonly second: number;
  readonly sent: number;
  readonly lost: number;
}

/** Counts answers, second by second of their sending. */
export class Tally {
  private readonly bySecond = new Map<number, { sent: number; lost: number }>();
  private readonly reasons = new Map<string, number>();
  private allSent = 0;
  private allLost = 0;

  /** @param at seconds since the run began at which the request left. @param why what was wrong with the answer. */
  add(at: number, why?: string): void {
    const second = Math.floor(at);
    const bucket = this.bySecond.get(second) ?? { sent: 0, lost: 0 };
    this.bySecond.set(second, bucket);
    bucket.sent += 1;
    this.allSent += 1;
    if (why === undefined) return;
    bucket.lost += 1;
    this.allLost += 1;
    this.reasons.set(why, (this.reasons.get(why) ?? 0) + 1);
  }

  get sent(): number {
    return this.allSent;
  }

  get lost(): number {
    return this.allLost;
  }

  /** Why requests were lost, the most frequent reason first. */
  get losses(): readonly { readonly why: string; readonly count: number }[] {
    return [...this.reasons].map(([why, count]) => ({ why, count })).sort((a, b) => b.count - a.count);
  }

  /** The second with the smallest share of right answers, the first of several; `undefined` when nothing was sent. */
  get worst(): SecondSeen | undefined {
    let worst: SecondSeen | undefined;
    for (const [second, { sent, lost }] of [...this.bySecond].sort(([a], [b]) => a - b))
      if (worst === undefined || lost / sent > worst.lost / worst.sent) worst = { second, sent, lost };
    return worst;
  }
}

/** Share of right answers, 0..1; `null` without requests. */
export const availability = (sent: number, lost: number): number | null => (sent === 0 ? null : (sent - lost) / sent);

/** More than the minimum was answered. Nothing lost is always enough, also for a minimum of 1. */
export const isEnough = (sent: number, lost: number, minimum: number): boolean =>
  sent > 0 && (lost === 0 || (sent - lost) / sent > minimum);

/** So much is lost that the run cannot pass any more, even if all of the `expected` requests left to send are answered. */
export const isLostAlready = (lost: number, expected: number, minimum: number): boolean =>
  lost > 0 && !isEnough(Math.max(expected, lost), lost, minimum);
