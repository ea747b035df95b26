import { otherColor } from "../../../../core/rollout/color";
import { DataPlane } from "../../../../provider/rollout/dataPlane";
import { acquireLease } from "../../../../provider/rollout/lease";
import { Mover } from "../../../../provider/rollout/mover";
import { GATEWAY } from "../../../support/cluster";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";

const DAY_MS = 24 * 3600 * 1000;
const STEPS = [
  { weight: 50, holdSeconds: 2, gates: [] },
  { weight: 100, holdSeconds: 1, gates: [] },
];

/** A clock that is a day ahead, a day behind, right, and so on: another time at each look. */
function jumpingClock(): () => Date {
  let looks = 0;
  return () => new Date(Date.now() + ([DAY_MS, -DAY_MS, 0][looks++ % 3] ?? 0));
}

/** Moves to the color that stands proven beside the live one, by a mover with such a clock. */
async function move(stage: Stage, clock: () => Date): Promise<number> {
  const { actual, shape } = await stage.store.read();
  const { live } = actual;
  const standing = live && actual.colors[otherColor(live)];
  if (live === null || !standing || !shape) throw new Error("no release stands beside the live one");
  const lease = await acquireLease(stage.kube, stage.store, stage.signal);
  try {
    const dataPlane = new DataPlane(GATEWAY.address, stage.project.host);
    const progress = () => undefined;
    const mover = new Mover({ store: stage.store, lease, dataPlane, progress, now: clock });
    const { convergedMs } = await mover.run(
      {
        ...{ shape, to: otherColor(live), release: standing.release.id, seen: live },
        ...{ steps: STEPS, intent: "deploy", takeOver: false, probePath: "/health" },
      },
      stage.signal,
    );
    return convergedMs;
  } finally {
    await lease.release();
  }
}

export const clockJumps: Scenario = {
  name: "clock-jumps",
  about: "the mover's clock jumps by a day, ahead and back, at every look; the move does not mind",
  maxSeconds: () => 300,
  async run(stage, _traffic, notes) {
    const clock = jumpingClock();
    // There and back, so that the stack's own wish is live again.
    for (const times = stage.settings.quick ? 2 : 6; notes.runs < times; notes.runs++) {
      const { live, record } = await stage.actual();
      notes.convergenceMs.push(await move(stage, clock));
      const after = await stage.actual();
      notes.expect(after.live !== live && after.weights?.[after.live ?? "blue"] === 100, "the traffic has not moved");
      const orders = [record, after.record].map(({ deployments }) => deployments.at(-1)?.order ?? 0);
      notes.expect(orders[1] === (orders[0] ?? 0) + 1, "the history is not in the order of what was done");
    }
    const settled = await stage.deploy();
    notes.expect(settled.code === 0, `the next hms-deploy failed: ${settled.lastLine}`);
    notes.expect((await stage.actual()).record.move === null, "a move was left");
  },
};
