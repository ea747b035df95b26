import { blockedText, brokenText } from "../../core/freeze/describe";
import type { FreezePlace } from "../../core/freeze/place";
import type { Action } from "../../core/freeze/scope";
import { PARKED_SECONDS } from "../../core/rollout/strategy";
import { HoldHere, Refusal } from "../rollout/errors";
import type { Permit, WeightChange } from "../rollout/permit";
import { askFreeze } from "./look";
import type { FreezeStore } from "./store";

export interface FreezeGuardParts extends Pick<FreezePlace, "stack" | "midMove"> {
  readonly store: FreezeStore;
  readonly action: Action;
  /** Told when a freeze is passed by break-glass. */
  readonly notice: (message: string) => void;
  readonly now?: () => Date;
}

/** A move is not parked for longer than this, however long the freeze. */
const LONGEST_PARKED_MS = 30 * 86_400_000;

/** Asks before each weight of one move whether a freeze is in effect. Going back is never stopped. */
export class FreezeGuard {
  private why: string | undefined;
  private told = "";

  constructor(private readonly parts: FreezeGuardParts) {}

  /** Why the move waits on its way; `undefined` when it does not wait for a freeze. */
  get held(): string | undefined {
    return this.why;
  }

  readonly permit: Permit = async (change: WeightChange, signal: AbortSignal) => {
    if (change.intent === "rollback") return undefined;
    const { store, stack, action, midMove, now = () => new Date() } = this.parts;
    const { service, to, before } = change;
    const decision = await askFreeze(store, { stack, service, action }, signal, now);
    if (!decision.frozen) {
      if (!decision.broken) return undefined;
      const broken = brokenText(decision.broken);
      this.tell(`${service}: ${broken}`);
      return broken;
    }
    const why = `${service}: ${blockedText(decision)}`;
    const weight = before?.[to] ?? 0;
    // Before its first weight there is nothing to hold, and a parked move that is not promoted stays parked.
    if (weight === 0 || midMove === "restore") throw new Refusal(why);
    this.why = `${why}; the move waits at ${weight} %`;
    const left = decision.until === null ? 0 : Math.max(0, Date.parse(decision.until) - now().getTime());
    const wait = Math.min(left + PARKED_SECONDS * 1000, LONGEST_PARKED_MS);
    throw new HoldHere(this.why, new Date(now().getTime() + wait));
  };

  private tell(message: string): void {
    if (message !== this.told) this.parts.notice(message);
    this.told = message;
  }
}
