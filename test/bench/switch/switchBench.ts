import os from "node:os";
import type { Io } from "../../../cli/command";
import { CancelledError, reasonOf } from "../../../platform/errors";
import type { Layout } from "../../../platform/local/layout";
import { documentOf, reportOf, type ScenarioReport, type SwitchDocument } from "./document";
import { Notes } from "./notes";
import type { Scenario } from "./scenario";
import { apiServerAway, prometheusAway } from "./scenarios/away";
import { clockJumps } from "./scenarios/clock";
import { gatewayRestarted, onlyGatewayRestarted, podsKilled } from "./scenarios/crashes";
import { errors, healthy, slowness } from "./scenarios/judged";
import { engineKilled, providerKilled } from "./scenarios/killed";
import { abort, canary, flip, more, promote, rollback } from "./scenarios/moves";
import { orphaned } from "./scenarios/orphaned";
import { share } from "./scenarios/share";
import type { Settings } from "./settings";
import { Stage } from "./stage";

/** In the order in which they run. */
const SCENARIOS: readonly Scenario[] = [
  ...[flip, canary, rollback, abort, promote, share],
  ...[errors, slowness, healthy],
  ...[prometheusAway, apiServerAway, podsKilled, providerKilled, engineKilled, orphaned, clockJumps],
  ...[onlyGatewayRestarted, gatewayRestarted],
];

export const SCENARIO_NAMES = SCENARIOS.map(({ name }) => name);

/** Does all that may happen to a service under load, in a stack of its own, and takes that away. */
export async function benchSwitch(settings: Settings, layout: Layout, io: Io): Promise<SwitchDocument> {
  const begunAt = new Date().toISOString();
  const machine = {
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    load: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
  };
  const chosen = SCENARIOS.filter(({ name }) => settings.only.length === 0 || settings.only.includes(name));
  const reports: ScenarioReport[] = [];
  io.err.write("making a stack of the harness's own\n");
  const stage = await Stage.open(settings, layout, io);
  try {
    for (const scenario of chosen) reports.push(await play(stage, scenario));
    const left = settings.requests - reports.reduce((sum, { sent }) => sum + sent, 0);
    if (left > 0) reports.push(await play(stage, more(left)));
  } finally {
    await stage.close();
  }
  return documentOf(machine, settings, begunAt, reports);
}

async function play(stage: Stage, scenario: Scenario): Promise<ScenarioReport> {
  const { name, about } = scenario;
  stage.signal.throwIfAborted();
  stage.say(`${name}: ${about}`);
  const notes = new Notes();
  const { record } = await stage.actual();
  if (record.move || record.holds.length > 0) await stage.settle();
  await scenario.prepare?.(stage);
  if (scenario.onPair) await stage.openPair();
  const traffic = stage.startTraffic(scenario.maxSeconds(stage));
  try {
    await scenario.run(stage, traffic, notes);
  } catch (error) {
    if (stage.signal.aborted) throw new CancelledError();
    notes.breach(`cut short: ${reasonOf(error)}`);
  } finally {
    await traffic.stop();
    await stage.closePair();
  }
  const report = reportOf(name, about, traffic, notes);
  stage.say(`${name}: ${report.lost} of ${report.sent} lost in ${report.seconds} s`);
  for (const [why, count] of Object.entries(report.lostWhy)) stage.say(`  ${count} lost: ${why}`);
  for (const what of report.broken) stage.say(`  broken: ${what}`);
  return report;
}
