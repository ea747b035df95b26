import type { Color } from "../../../../core/rollout/color";
import type { Notes } from "../notes";
import type { Scenario } from "../scenario";
import type { Stage } from "../stage";
import type { Traffic } from "../traffic";

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
  notes.byNature.push({ what, lost: traffic.tally.lost - before, atMost: inFlight + more });
}

export const podsKilled: Scenario = {
  name: "pods-killed",
  about:
    "at half and half pods of each color are drained, deleted and killed: a drained one loses nothing, the others what was under way there",
  maxSeconds: () => 420,
  async run(stage, traffic, notes) {
    stage.strategy([
      { weight: 50, gates: "none", pause: "1h" },
      { weight: 100, gates: "none" },
    ]);
    stage.releases.next("well");
    const parked = await stage.deploy();
    notes.convergence(parked);
    if (!notes.expect(parked.code === 0, `the move did not park: ${parked.lastLine}`)) return;
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
    const promoted = await stage.command("promote", "--env", stage.project.stack);
    notes.convergence(promoted);
    notes.expect(promoted.code === 0, `promote failed: ${promoted.lastLine}`);
  },
};

export const gatewayRestarted: Scenario = {
  name: "gateway-restarted",
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
