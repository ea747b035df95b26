import { boundariesOf, type Boundary, type JournalEntry } from "../../../../core/rollout/journal";
import { descendants } from "../processes";
import type { Notes } from "../notes";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";

const STEPS = [
  { weight: 50, hold: "1s", gates: "none" },
  { weight: 100, hold: "1s", gates: "none" },
] as const;
const QUICK: readonly Boundary[] = ["workload-up", "step-1-written", "step-2-in-force", "committed"];
const RUN_SECONDS = 120;

const boundaries = ({ settings }: Stage): readonly Boundary[] => (settings.quick ? QUICK : boundariesOf(STEPS.length));
const maxSeconds = (stage: Stage): number => RUN_SECONDS * boundaries(stage).length;

/** After the kill, the next update makes the release live, whole, and once. */
async function converges(stage: Stage, notes: Notes, boundary: Boundary, before: number): Promise<void> {
  const again = await stage.deploy();
  notes.convergence(again);
  const { live, weights, record, foreign } = await stage.actual();
  const order = record.deployments.at(-1)?.order ?? 0;
  notes.expect(again.code === 0, `${boundary}: the next hms-deploy failed: ${again.lastLine}`);
  notes.expect(live !== null && weights?.[live] === 100 && foreign === null, `${boundary}: the weights are not whole`);
  notes.expect(record.move === null && record.holds.length === 0, `${boundary}: a move or a hold was left`);
  notes.expect(order === before + 1, `${boundary}: ${order - before} deployments were made instead of one`);
  notes.runs++;
}

const orderOf = async (stage: Stage): Promise<number> => (await stage.actual()).record.deployments.at(-1)?.order ?? 0;

export const providerKilled: Scenario = {
  name: "provider-killed",
  about: "the provider dies at each boundary of a move in two steps; the next hms-deploy finishes",
  maxSeconds,
  async run(stage, _traffic, notes) {
    stage.strategy(STEPS);
    for (const boundary of boundaries(stage)) {
      const before = await orderOf(stage);
      stage.releases.next("well");
      stage.project.env.HMS_KILL_AT = boundary;
      const died = await stage.deploy().finally(() => delete stage.project.env.HMS_KILL_AT);
      notes.verdict(died.code === 0 ? "lived" : "died");
      notes.expect(died.code !== 0, `${boundary}: the provider did not die`);
      notes.expect((await stage.journal()).at(-1)?.boundary === boundary, `${boundary}: it died elsewhere`);
      await converges(stage, notes, boundary, before);
    }
  },
};

export const engineKilled: Scenario = {
  name: "engine-killed",
  about: "the engine dies when the journal tells of each boundary; the next hms-deploy finishes",
  maxSeconds,
  async run(stage, _traffic, notes) {
    stage.strategy(STEPS);
    for (const boundary of boundaries(stage)) {
      const before = await orderOf(stage);
      const token = (await stage.journal()).at(-1)?.token ?? 0;
      stage.releases.next("well");
      const { child, ended } = stage.start("--env", stage.project.stack);
      const isOver = () => child.exitCode !== null || child.signalCode !== null;
      const isThere = (entry: JournalEntry) => entry.token > token && entry.boundary === boundary;
      while (!isOver() && !(await stage.journal()).some(isThere)) await stage.pause(20);
      for (const { pid, command } of descendants(child.pid ?? -1))
        if (/(^|\/)pulumi up /.test(command)) process.kill(pid, "SIGKILL");
      const { code } = await ended;
      notes.verdict(code === 0 ? "lived" : "died");
      await converges(stage, notes, boundary, before);
    }
  },
};
