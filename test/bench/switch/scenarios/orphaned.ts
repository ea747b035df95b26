import { otherColor } from "../../../../core/rollout/color";
import { LEASE_SECONDS } from "../../../../core/rollout/lease";
import type { Notes } from "../notes";
import { noteRestore } from "../restore";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";
import type { Traffic } from "../traffic";

const STEPS = [
  { weight: 10, hold: "6s", gates: "none" },
  { weight: 100, gates: "none" },
] as const;
/** Beyond the lease: for the watcher to look, and for another one to start where the first was killed. */
const SLACK_SECONDS = { watched: 5, restarted: 25 };

/** The watcher's pod dies in mid-canary; the mover goes on. */
async function watcherDies(stage: Stage, notes: Notes): Promise<void> {
  const canary = otherColor(await stage.live());
  stage.releases.next("well");
  const { ended } = stage.start("--env", stage.project.stack);
  await stage.until("the first step", ({ weights }) => weights?.[canary] === STEPS[0].weight);
  await stage.faults.killWatchers();
  const ran = await ended;
  notes.convergence(ran);
  notes.expect(ran.code === 0, `the move did not survive its watcher: ${ran.lastLine}`);
  notes.expect((await stage.live()) === canary, "the release is not live");
  notes.runs++;
}

/** The mover dies in mid-canary and nobody comes back to it. */
async function moverDies(stage: Stage, traffic: Traffic, notes: Notes, withWatcher: boolean): Promise<void> {
  const live = await stage.live();
  stage.releases.next("well");
  stage.project.env.HMS_KILL_AT = "step-1-in-force";
  const died = await stage.deploy().finally(() => delete stage.project.env.HMS_KILL_AT);
  const begun = performance.now();
  notes.expect(died.code !== 0, "the provider did not die");
  if (withWatcher) await stage.faults.killWatchers();
  const allowed = LEASE_SECONDS + (withWatcher ? SLACK_SECONDS.restarted : SLACK_SECONDS.watched);
  const { weights } = await stage.until("the watcher's restore", ({ record }) => record.move === null, allowed * 1000);
  const name = withWatcher ? "restoredSecondsBothDied" : "restoredSecondsMoverDied";
  notes.facts[name] = Math.round((performance.now() - begun) / 100) / 10;
  notes.expect(weights?.[live] === 100, "the traffic is not back");
  await noteRestore(stage, traffic, notes, otherColor(live));
  notes.runs++;
}

export const orphaned: Scenario = {
  name: "orphaned",
  about: `a move whose mover dies is put back by its watcher within the lease (${LEASE_SECONDS} s); a watcher that dies is missed by nobody`,
  maxSeconds: () => 360,
  async run(stage, traffic, notes) {
    stage.strategy(STEPS);
    await watcherDies(stage, notes);
    await moverDies(stage, traffic, notes, false);
    await moverDies(stage, traffic, notes, true);
  },
};
