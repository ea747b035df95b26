import type { ChaosOptions } from "../../core/chaos/options";
import { seededRandom, type Random } from "../../core/chaos/random";
import { chaosReport, type ChaosReport } from "../../core/chaos/report";
import { roundDue } from "../../core/chaos/rounds";
import { announcement, readyText } from "../../core/chaos/text";
import {
  chooseVictims,
  expendable,
  isOfColor,
  isWhole,
  readyPods,
  without,
  type ColorSeen,
} from "../../core/chaos/victims";
import { CancelledError, reasonOf, RefusedError } from "../../platform/errors";
import { refuseObstacles, refuseUnanswered, sameAim, type ChaosPlace, type Found } from "./aim";
import { passes, Scene } from "./scene";

/** Between two looks at who moves traffic; requests that nobody's gates may take for users' stop soon after. */
const CHECK_SECONDS = 5;
/** After a round that could not kill, or a cluster that did not answer. */
const RETRY_SECONDS = 5;

export interface ChaosCall {
  readonly place: ChaosPlace;
  readonly options: ChaosOptions;
  /** Whose pods, and which requests, as the cluster stands now; asked again while the run goes on. */
  readonly find: () => Promise<Found>;
  /**
   * Part of an update, which has waited for its pods and may have seconds to leave: colors that are not whole yet are
   * waited for before the run instead of being refused, and after a stop nobody waits for them.
   */
  readonly inUpdate?: boolean;
}

/**
 * Kills pods at random for a while, counts what the gateway answers meanwhile, and judges that. Ends by itself, and then
 * waits, for a bounded time, until the colors are whole again.
 * @throws RefusedError before anything is touched: a rollout that moves, a color that is not whole.
 * @throws CancelledError when `signal` fires, with what was seen until then.
 */
export async function runChaos(
  call: ChaosCall,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<ChaosReport> {
  const { place, options, find } = call;
  try {
    const aims = refuseObstacles(await find());
    const scene = new Scene(place, options, aims, progress);
    if (call.inUpdate) await scene.untilWhole(signal);
    const seen = await wholeColors(scene, signal);
    await refuseUnanswered(place, aims, signal);
    const begun = new Date();
    let seconds = 0;
    if (canBeProven(scene, seen)) {
      announcement(place.title, options, seen, (color) => pathOf(scene, color)).forEach(progress);
      seconds = await new ChaosRun(call, scene).toItsEnd(signal);
    }
    return chaosReport(
      place.title,
      begun,
      seconds,
      options,
      scene.watched.map((one) => one.measured),
    );
  } catch (error) {
    if (signal.aborted && !(error instanceof CancelledError)) throw new CancelledError("cancelled; no pod was killed");
    throw error;
  }
}

/** @throws RefusedError that names each color that is not whole: chaos would blame itself for what was there before. */
async function wholeColors(scene: Scene, signal: AbortSignal): Promise<readonly ColorSeen[]> {
  const seen = await scene.see(signal);
  const broken = seen.filter((one) => !isWhole(one) || readyPods(one).length === 0);
  if (broken.length === 0) return seen;
  const which = broken.map((one) => `${one.service}: ${one.color} has ${readyText(one)}`);
  throw new RefusedError(
    [...which, "chaos begins with whole colors only: wait until they are; no pod was killed"].join("\n"),
  );
}

/** Whether each service has a pod to spare. If one has not, none is put at risk: the run could not pass in any case. */
function canBeProven(scene: Scene, seen: readonly ColorSeen[]): boolean {
  for (const one of scene.watched) {
    const own = seen.filter((color) => one.isOf(color));
    if (own.some((color) => expendable(color) > 0)) continue;
    const colors = own.map(({ color, desired }) => `${color} has ${desired === 1 ? "1 pod" : `${desired} pods`}`);
    one.hindrance = `${colors.join(" and ")}, none to spare: the last ready one is never killed. Give it 2 replicas or more, or choose others with --service`;
  }
  const poor = scene.watched.find(({ hindrance }) => hindrance !== null);
  for (const one of scene.watched) if (poor) one.hindrance ??= `not tried, for ${poor.aim.service.name} cannot be`;
  return poor === undefined;
}

function pathOf(scene: Scene, color: ColorSeen): string {
  const aim = scene.of(color)?.aim;
  if (!aim || aim.via === "probe") return "through the probe route";
  const url = new URL(aim.load.path, aim.load.address);
  url.hostname = aim.load.host;
  return `to ${url.href}`;
}

class ChaosRun {
  private readonly random: Random;
  private lastRound: number | undefined;
  private notBefore = 0;
  private nextCheck = CHECK_SECONDS;
  /** Something may have died: what was begun is waited for. */
  private touched = false;

  constructor(
    private readonly call: ChaosCall,
    private readonly scene: Scene,
  ) {
    this.random = seededRandom(call.options.seed);
  }

  private get options(): ChaosOptions {
    return this.call.options;
  }

  /** @returns for how many seconds answers were counted. @throws CancelledError */
  async toItsEnd(signal: AbortSignal): Promise<number> {
    const { scene } = this;
    let seconds: number;
    let whole = true;
    scene.startLoad();
    try {
      while (!signal.aborted && scene.elapsed < this.options.seconds && !this.isDecided()) {
        if (!(await this.step(signal))) break;
        await scene.wait(this.options.seconds, signal);
      }
    } finally {
      seconds = Math.min(scene.elapsed, this.options.seconds);
      await scene.stopLoad();
      if (this.touched) whole = await scene.untilWhole(this.call.inUpdate ? signal : undefined);
    }
    if (signal.aborted) throw new CancelledError(this.cancelled(whole));
    return seconds;
  }

  /** Looks after what died and who moves, and begins a round when one is due. @returns whether to go on. */
  private async step(signal: AbortSignal): Promise<boolean> {
    const { scene } = this;
    const now = scene.elapsed;
    const due = now >= this.notBefore && roundDue(now, this.lastRound, this.options) === "now";
    try {
      if (now >= this.nextCheck && (await this.isDisturbed())) return false;
      if (!due && !scene.watched.some(({ hasOpenKills }) => hasOpenKills)) return true;
      const seen = await scene.look(signal);
      if (!due || !seen?.every(isWhole)) return true;
      if (await this.isDisturbed()) return false;
      await this.round(seen, signal);
    } catch (error) {
      if (!passes(error)) throw error;
      scene.say(`the cluster does not answer: ${reasonOf(error)}`);
      this.notBefore = this.nextCheck = scene.elapsed + RETRY_SECONDS;
    }
    return true;
  }

  private async round(seen: readonly ColorSeen[], signal: AbortSignal): Promise<void> {
    const { scene } = this;
    const begun = scene.elapsed;
    const killedSoFar = (color: ColorSeen) => scene.of(color)?.killsOf(color) ?? 0;
    const victims = chooseVictims(seen, this.options.killShare, killedSoFar, this.random);
    if (victims.length === 0) scene.say("no pod can be killed now: each color would be left without a ready one");
    let standing = seen;
    for (const victim of victims) {
      if (signal.aborted) return;
      this.touched = true;
      const spared = await scene.pods.kill(victim, this.options.mode);
      const { name } = victim.pod;
      if (spared === undefined) {
        this.lastRound = begun;
        scene.of(victim)?.killed(victim, performance.now());
        standing = without(standing, victim);
        const left = standing.filter((color) => isOfColor(victim, color)).map((color) => `${readyText(color)}; `);
        scene.say(`killed ${name} (${this.options.mode}), ${left.join("")}${scene.soFar(victim)}`);
      } else scene.say(`left ${name} alone: ${spared}`);
    }
    if (this.lastRound !== begun) this.notBefore = begun + RETRY_SECONDS;
  }

  /** More is lost than the whole run may lose: every further kill would be for nothing. */
  private isDecided(): boolean {
    const lost = this.scene.watched.find(({ isLost }) => isLost);
    if (lost) this.scene.say(`${lost.aim.service.name}: more is lost than the whole run may lose; chaos stops here`);
    return lost !== undefined;
  }

  /** What makes going on wrong: somebody moves traffic, or has moved it. Told by service, for each that it is true of. */
  private async isDisturbed(): Promise<boolean> {
    this.nextCheck = this.scene.elapsed + CHECK_SECONDS;
    const { aims, obstacles } = await this.call.find();
    const watched = this.scene.watched;
    const moved = aims.filter((aim) => !watched.some((one) => sameAim(one.aim, aim)));
    const causes = [
      ...obstacles,
      ...moved.map((aim) => ({ service: aim.service.name, what: "its traffic has moved" })),
    ];
    const [first] = causes;
    if (first === undefined) return false;
    for (const one of watched) {
      const own = causes.find(({ service }) => service === one.aim.service.name);
      one.hindrance = `cut short: ${own ? own.what : `of ${first.service}, ${first.what}`}`;
    }
    for (const { service, what } of causes) this.scene.say(`${service}: ${what}; chaos stops here`);
    return true;
  }

  private cancelled(whole: boolean): string {
    const sum = (count: (one: Scene["watched"][number]) => number): number =>
      this.scene.watched.reduce((all, one) => all + count(one), 0);
    const killed = sum((one) => one.killCount);
    const answers = `${sum(({ tally }) => tally.lost)} of ${sum(({ tally }) => tally.sent)} requests were lost`;
    const state = whole ? "every color is whole" : "not every color is whole again";
    return `cancelled: ${killed} ${killed === 1 ? "pod was" : "pods were"} killed, ${answers}, ${state}`;
  }
}
