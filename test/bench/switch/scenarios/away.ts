import { otherColor } from "../../../../core/rollout/color";
import type { Notes } from "../notes";
import { WARM_UP_MS, type Scenario } from "../scenario";
import type { Stage, StepText } from "../stage";
import type { StoppablePart } from "../faults";
import type { Ran } from "../../../support/project";

const AWAY_MS = 5000;

/** A part of the platform goes away while a canary has its first share, `act` says for how long. */
async function whileMoving(
  stage: Stage,
  notes: Notes,
  steps: readonly StepText[],
  part: StoppablePart,
  act: (ended: Promise<Ran>) => Promise<void>,
): Promise<Ran> {
  const canary = otherColor(await stage.live());
  stage.strategy(steps);
  stage.releases.next("well");
  const { ended } = stage.start("--env", stage.project.stack);
  const first = steps[0]?.weight;
  await stage.until("the first step", ({ weights }) => weights?.[canary] === first);
  await stage.pause(2000);
  stage.say(`  ${part} is stopped`);
  stage.faults.stop(part);
  try {
    await act(ended);
  } finally {
    await stage.faults.mend(part);
  }
  const ran = await ended;
  notes.convergence(ran);
  notes.runs++;
  return ran;
}

export const prometheusAway: Scenario = {
  name: "prometheus-away",
  about: "Prometheus dies in mid-canary: nothing is promoted, the traffic goes back, nobody is blamed",
  maxSeconds: () => 360,
  async run(stage, _traffic, notes) {
    await stage.pause(WARM_UP_MS);
    const { live: before, record } = await stage.actual();
    const steps = [{ weight: 10, hold: "10s" }, { weight: 100 }];
    const ran = await whileMoving(stage, notes, steps, "prometheus", async (ended) => {
      await ended;
    });
    const after = await stage.actual();
    notes.facts.said = ran.lastLine;
    notes.verdict(after.live === before ? "put back untold" : "let through");
    notes.expect(ran.code === 1, "the update did not fail");
    notes.expect(after.live === before && after.weights?.[before ?? "blue"] === 100, "the traffic is not back");
    notes.expect(/Prometheus|127\.0\.0\.1:9090/.test(ran.lastLine), "the message does not say what is missing");
    notes.expect(after.record.holds.length === record.holds.length, "a release is held without a verdict");
  },
};

export const apiServerAway: Scenario = {
  name: "api-server-away",
  about: `the API server dies for ${AWAY_MS / 1000} s and more in mid-canary: users do not notice, the end is one or the other`,
  maxSeconds: () => 360,
  async run(stage, _traffic, notes) {
    const before = await stage.live();
    const steps: readonly StepText[] = [
      { weight: 10, hold: "8s", gates: "none" },
      { weight: 100, gates: "none" },
    ];
    const begun = performance.now();
    const ran = await whileMoving(stage, notes, steps, "kube-apiserver", () => stage.pause(AWAY_MS));
    notes.facts.said = ran.lastLine;
    notes.facts.seconds = Math.round((performance.now() - begun) / 1000);
    const { live, weights, record } = await stage.actual();
    notes.verdict(live === before ? "put back" : "finished");
    notes.expect(record.move === null, "the move was left unfinished");
    notes.expect(live !== null && weights?.[live] === 100, "the weights are not whole");
    const again = await stage.deploy();
    notes.convergence(again);
    notes.expect(again.code === 0, `the next hms-deploy failed: ${again.lastLine}`);
    notes.expect((await stage.live()) !== before, "the next hms-deploy did not bring the release live");
  },
};
