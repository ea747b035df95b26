import { answerProblem, isLostAlready, Tally } from "../../core/chaos/availability";
import type { ChaosOptions } from "../../core/chaos/options";
import type { Kill, Measured } from "../../core/chaos/report";
import { isOfColor, isWhole, type ColorSeen, type NamedColor, type Victim } from "../../core/chaos/victims";
import { HEADER } from "../../core/rollout/names";
import { OpenLoad, type Outcome } from "../../platform/load/openLoad";
import type { Aim } from "./aim";

/** How long a request may take before it counts as lost; a health path answers far sooner. */
const ANSWER_MS = 5000;
/** Share of requests on a connection of their own: what users' browsers do, beside the pools of other programs. */
const NEW_CONNECTIONS = 0.2;

interface OpenKill {
  readonly at: string;
  readonly since: number;
  readonly victim: Victim;
  recoveredMs: number | null;
}

/** One stream of requests while it runs: what was answered, who was killed, and who came back. */
export class Watched {
  readonly tally = new Tally();
  /** Why its pods could not be killed, or not for the whole time. */
  hindrance: string | null = null;
  private readonly kills: OpenKill[] = [];
  private load: OpenLoad | undefined;

  constructor(
    readonly aim: Aim,
    private readonly options: ChaosOptions,
  ) {}

  start(): void {
    const { seconds, requestsPerSecond } = this.options;
    const pace = { requestsPerSecond, newConnections: NEW_CONNECTIONS, maxSeconds: seconds, timeoutMs: ANSWER_MS };
    this.load = OpenLoad.start(this.aim.load, pace, (outcome) => {
      this.tally.add(outcome.sentAt / 1000, this.problemOf(outcome));
    });
  }

  /** Counts what is under way, and sends no more. */
  async stop(): Promise<void> {
    await this.load?.stop();
  }

  isOf({ service, color }: NamedColor): boolean {
    return this.aim.service.name === service && this.aim.colors.includes(color);
  }

  /** Notes the death of a pod; `since` is on the clock that `settle` is given. */
  killed(victim: Victim, since: number): void {
    this.kills.push({ at: new Date().toISOString(), since, victim, recoveredMs: null });
  }

  killsOf(seen: ColorSeen): number {
    return this.kills.filter(({ victim }) => isOfColor(victim, seen)).length;
  }

  get hasOpenKills(): boolean {
    return this.kills.some((kill) => kill.recoveredMs === null);
  }

  get killCount(): number {
    return this.kills.length;
  }

  /** @returns how long the color was less than whole, when this sight of it ends that; `undefined` otherwise. */
  settle(seen: ColorSeen, now: number): number | undefined {
    if (!isWhole(seen)) return undefined;
    const open = this.kills.filter(({ victim, recoveredMs }) => recoveredMs === null && isOfColor(victim, seen));
    for (const kill of open) kill.recoveredMs = Math.round(now - kill.since);
    return open[0]?.recoveredMs ?? undefined;
  }

  /** The run cannot pass any more, whatever is still answered. */
  get isLost(): boolean {
    const { seconds, requestsPerSecond, minAvailability } = this.options;
    return isLostAlready(this.tally.lost, seconds * requestsPerSecond, minAvailability);
  }

  get measured(): Measured {
    const { aim, tally, hindrance } = this;
    const kills = this.kills.map(({ at, victim, recoveredMs }): Kill => ({
      at,
      pod: victim.pod.name,
      color: victim.color,
      recoveredMs,
    }));
    return { name: aim.service.name, via: aim.via, colors: aim.colors, tally, kills, hindrance };
  }

  private problemOf({ result }: Outcome): string | undefined {
    if ("error" in result) return result.error;
    const color = result.headers[HEADER.color];
    return answerProblem(result.status, typeof color === "string" ? color : undefined, this.aim.via);
  }
}
