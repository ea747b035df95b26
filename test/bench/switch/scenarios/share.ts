import { otherColor } from "../../../../core/rollout/color";
import type { Scenario } from "../scenario";

const REQUESTS = 50_000;
const WEIGHT = 1;
/** In points of a percent. */
const BOUND = 0.2;

/** 1 % must be 1 % of what users send, whatever they send. */
export const share: Scenario = {
  name: "share",
  about: `a move parked at ${WEIGHT} % gets ${WEIGHT} % of ${REQUESTS} requests, ${BOUND} points more or less at most`,
  maxSeconds: ({ settings }) => 240 + (2 * REQUESTS) / settings.rate,
  async run(stage, traffic, notes) {
    const live = await stage.live();
    const canary = otherColor(live);
    stage.strategy([
      { weight: WEIGHT, gates: "none", pause: "1h" },
      { weight: 100, gates: "none" },
    ]);
    stage.releases.next("well");
    const parked = await stage.deploy();
    notes.convergence(parked);
    if (!notes.expect(parked.code === 0, `the move did not park: ${parked.lastLine}`)) return;
    const { byColor } = traffic.tally;
    const seen = () => ({ canary: byColor[canary] ?? 0, all: traffic.tally.answered });
    const before = seen();
    while (seen().all - before.all < REQUESTS && !traffic.isOver) await stage.pause(200);
    const after = seen();
    const answered = after.all - before.all;
    const percent = ((after.canary - before.canary) / answered) * 100;
    notes.facts.share = { weight: WEIGHT, percent: Math.round(percent * 1000) / 1000, answered };
    notes.expect(Math.abs(percent - WEIGHT) <= BOUND, `the share was ${percent.toFixed(3)} %, not ${WEIGHT} %`);
    notes.runs++;
    const back = await stage.command("rollback", "--env", stage.project.stack);
    notes.convergence(back);
    notes.expect(back.code === 0, `rollback failed: ${back.lastLine}`);
  },
};
