import { otherColor } from "../../../../core/rollout/color";
import type { Notes } from "../notes";
import { spread } from "../document";
import { noteRestore, STRAGGLERS_MS } from "../restore";
import { WARM_UP_MS, type Scenario } from "../scenario";
import type { Stage, StepText } from "../stage";

const times = ({ settings }: Stage): number => (settings.quick ? 1 : 5);
/** Of moves that gates look at, which the scenarios of judged releases make many of. */
const watchedTimes = ({ settings }: Stage): number => (settings.quick ? 1 : 3);
const RUN_SECONDS = 150;
const maxSeconds = (stage: Stage): number => 60 + RUN_SECONDS * times(stage);

const HALF_WAY: readonly StepText[] = [{ weight: 20, hold: "60s", gates: "none" }, { weight: 100 }];

/** A new release, by whatever the strategy says, to its end. `isBuilt`: with an image of its own. */
export async function deliver(stage: Stage, notes: Notes, isBuilt = false): Promise<void> {
  const before = await stage.live();
  if (isBuilt) stage.releases.nextImage("well");
  else stage.releases.next("well");
  const ran = await stage.deploy();
  notes.convergence(ran);
  const { live, record } = await stage.actual();
  notes.expect(ran.code === 0, `run ${notes.runs + 1}: hms-deploy failed: ${ran.lastLine}`);
  notes.expect(live !== before && record.move === null, `run ${notes.runs + 1}: the release is not live`);
}

export async function rollBack(stage: Stage, notes: Notes): Promise<void> {
  const before = await stage.live();
  const ran = await stage.command("rollback", "--env", stage.project.stack);
  notes.convergence(ran);
  notes.expect(ran.code === 0, `run ${notes.runs + 1}: rollback failed: ${ran.lastLine}`);
  notes.expect((await stage.live()) !== before, `run ${notes.runs + 1}: the release before is not live again`);
}

export const flip: Scenario = {
  name: "flip",
  about: "a new release, with an image of its own, gets all the traffic at once",
  maxSeconds,
  async run(stage, _traffic, notes) {
    stage.strategy([]);
    for (; notes.runs < times(stage); notes.runs++) await deliver(stage, notes, true);
  },
};

export const canary: Scenario = {
  name: "canary",
  about: "a new release gets its traffic in three steps, its gates looking",
  maxSeconds,
  async run(stage, _traffic, notes) {
    stage.strategy([stage.canary, { weight: 50 }, { weight: 100, hold: "2s", gates: ["error-share"] }]);
    await stage.pause(WARM_UP_MS);
    for (; notes.runs < watchedTimes(stage); notes.runs++) await deliver(stage, notes);
  },
};

export const rollback: Scenario = {
  name: "rollback",
  about: "somebody goes back to the release before",
  maxSeconds,
  async run(stage, traffic, notes) {
    stage.strategy([]);
    const lastAnswerMs: number[] = [];
    for (; notes.runs < times(stage); notes.runs++) {
      await deliver(stage, notes);
      const left = await stage.live();
      const begun = Date.now();
      await rollBack(stage, notes);
      await stage.pause(STRAGGLERS_MS);
      lastAnswerMs.push(traffic.tally.lastAnswer(left).quickAt - begun);
    }
    // A rollback is nobody's verdict: the time begins with the command, and has its start in it.
    notes.facts.commandToLastAnswerMs = spread(lastAnswerMs);
  },
};

export const abort: Scenario = {
  name: "abort",
  about: "somebody gives a move up while an update is in the midst of it",
  maxSeconds,
  async run(stage, traffic, notes) {
    stage.strategy(HALF_WAY);
    for (; notes.runs < times(stage); notes.runs++) {
      const live = await stage.live();
      const left = otherColor(live);
      stage.releases.next("well");
      const { ended } = stage.start("--env", stage.project.stack);
      await stage.until("the first step", ({ weights }) => weights?.[left] === 20);
      await stage.pause(2000);
      const aborted = await stage.command("abort", "--env", stage.project.stack);
      notes.convergence(aborted);
      const moved = await ended;
      const { weights } = await stage.actual();
      notes.expect(aborted.code === 0, `abort failed: ${aborted.lastLine}`);
      notes.expect(moved.code === 1, "the update that was given up did not say so");
      notes.expect(weights?.[live] === 100, "the traffic is not back");
      await noteRestore(stage, traffic, notes, left);
    }
  },
};

export const promote: Scenario = {
  name: "promote",
  about: "a move waits at its first weight, and is promoted",
  maxSeconds,
  async run(stage, _traffic, notes) {
    stage.strategy([{ ...stage.canary, pause: "1h" }, { weight: 100 }]);
    await stage.pause(WARM_UP_MS);
    for (; notes.runs < watchedTimes(stage); notes.runs++) {
      const before = await stage.live();
      stage.releases.next("well");
      const parked = await stage.deploy();
      notes.convergence(parked);
      const { record } = await stage.actual();
      notes.expect(parked.code === 0 && record.move?.parked != null, `the move is not parked: ${parked.lastLine}`);
      const promoted = await stage.command("promote", "--env", stage.project.stack);
      notes.convergence(promoted);
      notes.expect(promoted.code === 0, `promote failed: ${promoted.lastLine}`);
      notes.expect((await stage.live()) !== before, "the promoted release is not live");
    }
  },
};

/** Flips and rollbacks until so many requests were sent in all; what is left is told by the harness. */
export const more = (requests: number): Scenario => ({
  name: "more-moves",
  about: "flips and rollbacks, until as many requests were sent as asked for",
  maxSeconds: ({ settings }) => 600 + (2 * requests) / settings.rate,
  async run(stage, traffic, notes) {
    stage.strategy([]);
    for (; traffic.sent < requests && !traffic.isOver; notes.runs++) {
      await deliver(stage, notes);
      await rollBack(stage, notes);
    }
  },
});
