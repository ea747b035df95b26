import type { Color } from "../../../../core/rollout/color";
import { spread } from "../document";
import { INSTANCES } from "../gatewayPair";
import type { Notes } from "../notes";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";
import type { Traffic } from "../traffic";
import { deliver } from "./moves";

/** For the gateway to learn of it, and for what was under way to end. */
const SETTLE_MS = 3000;
/** A killed process is missed when the kubelet looks next; until then the gateway goes on asking its pod. */
const UNTOLD_SECONDS = 2;
/** That have traffic: two of each color, at half and half. */
const PODS = 4;

async function whole(stage: Stage): Promise<void> {
  await stage.until("every pod ready", ({ colors }) =>
    [colors.blue, colors.green].every((fact) => fact !== null && fact.ready === fact.desired && fact.desired > 0),
  );
  await stage.pause(SETTLE_MS);
}

async function loseByNature(traffic: Traffic, notes: Notes, what: string, act: () => Promise<number>): Promise<void> {
  const before = traffic.tally.lost;
  const inFlight = traffic.inFlight;
  const more = await act();
  // A broken connection may be silent: what was on it ends when its sender has waited long enough.
  await traffic.untilAnswered();
  notes.byNature.push({ what, lost: traffic.tally.lost - before, atMost: inFlight + more });
}

export const podsKilled: Scenario = {
  name: "pods-killed",
  about:
    "at half and half pods of each color are drained, deleted and killed: a drained one loses nothing, the others what was under way there",
  maxSeconds: () => 420,
  async run(stage, traffic, notes) {
    const live = await stage.live();
    // Not parked: the watcher of a parked release counts what its pods lose against it, and puts it back.
    stage.strategy([
      { weight: 50, gates: "none", hold: "15m" },
      { weight: 100, gates: "none" },
    ]);
    stage.releases.next("well");
    const { ended } = stage.start("--env", stage.project.stack);
    await stage.until("half and half", ({ weights }) => weights?.[live] === 50);
    await stage.pause(SETTLE_MS);
    for (const color of ["blue", "green"] as const satisfies readonly Color[]) {
      await stage.faults.killPod(color, "drain");
      await stage.pause(SETTLE_MS);
      await whole(stage);
      await loseByNature(traffic, notes, `a pod of ${color} deleted without its time to leave`, async () => {
        await stage.faults.killPod(color, "delete");
        await stage.pause(SETTLE_MS);
        return 0;
      });
      await whole(stage);
      await loseByNature(traffic, notes, `the process of a pod of ${color} killed`, async () => {
        await stage.faults.killPod(color, "crash");
        await stage.pause(SETTLE_MS);
        return Math.ceil((UNTOLD_SECONDS * traffic.perSecond) / PODS);
      });
      await whole(stage);
      notes.runs++;
    }
    const aborted = await stage.command("abort", "--env", stage.project.stack);
    notes.convergence(aborted);
    await ended;
    notes.expect(aborted.code === 0, `abort failed: ${aborted.lastLine}`);
    notes.expect((await stage.actual()).weights?.[live] === 100, "the traffic is not back");
  },
};

export const onlyGatewayRestarted: Scenario = {
  name: "only-gateway-restarted",
  about: "the one gateway of this machine is replaced: what comes while there is none is lost, and nothing else",
  maxSeconds: () => 240,
  async run(stage, traffic, notes) {
    await stage.pause(SETTLE_MS);
    await loseByNature(traffic, notes, "the only gateway was replaced", async () => {
      const sent = traffic.sent;
      const begun = performance.now();
      await stage.faults.restartGateway();
      notes.facts.readyAgainMs = Math.round(performance.now() - begun);
      const meanwhile = traffic.sent - sent;
      await stage.pause(SETTLE_MS);
      return meanwhile;
    });
    const { losses } = traffic.tally;
    notes.facts.gateways = 1;
    notes.facts.lostDuringMs = losses ? losses.last - losses.first : 0;
    notes.runs++;
  },
};

const RESTARTS = { quick: 1, long: 5 };

export const gatewayRestarted: Scenario = {
  name: "gateway-restarted",
  about:
    "two gateways are replaced one after the other, at rest and while a release goes live: nothing is lost; then one is killed, and what it held is",
  onPair: true,
  maxSeconds: () => 600,
  async run(stage, traffic, notes) {
    stage.strategy([]);
    await stage.pause(SETTLE_MS);
    const replacedMs: number[] = [];
    const times = stage.settings.quick ? RESTARTS.quick : RESTARTS.long;
    for (; notes.runs < times; notes.runs++) {
      const begun = performance.now();
      await stage.gateways.replaceAll();
      replacedMs.push(performance.now() - begun);
    }
    await Promise.all([stage.gateways.replaceAll(), deliver(stage, notes)]);
    notes.runs++;
    notes.facts.gateways = INSTANCES;
    notes.facts.replacedMs = spread(replacedMs);
    notes.facts.lostInRestarts = traffic.tally.lost;
    await loseByNature(traffic, notes, `the process of one gateway of ${INSTANCES} killed`, async () => {
      await stage.gateways.crashOne();
      await stage.pause(SETTLE_MS);
      return Math.ceil((UNTOLD_SECONDS * traffic.perSecond) / INSTANCES);
    });
    await stage.gateways.whole();
  },
};
