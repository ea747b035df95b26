import type { Ran } from "../../../support/project";
import type { Notes } from "../notes";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";

const times = ({ settings }: Stage): number => (settings.quick ? 1 : 5);

/** A release that goes live by `hms-deploy` with what the strategy says. */
async function deliver(stage: Stage, notes: Notes): Promise<Ran> {
  const before = await stage.live();
  stage.releases.next("well");
  const ran = await stage.deploy();
  notes.convergence(ran);
  const { live, record } = await stage.actual();
  notes.expect(ran.code === 0, `run ${notes.runs}: hms-deploy failed: ${ran.lastLine}`);
  notes.expect(live !== before && record.move === null, `run ${notes.runs}: the release is not live`);
  return ran;
}

export const flip: Scenario = {
  name: "flip",
  about: "a new release gets all the traffic at once",
  maxSeconds: (stage) => 90 * times(stage),
  async run(stage, _traffic, notes) {
    stage.strategy([]);
    for (; notes.runs < times(stage); notes.runs++) await deliver(stage, notes);
  },
};
