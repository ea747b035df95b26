import { otherColor } from "../../../../core/rollout/color";
import { findHold } from "../../../../core/rollout/record";
import type { Notes } from "../notes";
import type { Manner } from "../releases";
import { noteRestore } from "../restore";
import { WARM_UP_MS, type Scenario } from "../scenario";
import type { Stage } from "../stage";
import type { Traffic } from "../traffic";

const RUN_SECONDS = 200;
const maxSeconds = ({ settings }: Stage): number => 60 + RUN_SECONDS * settings.runs;

/**
 * - `caught`: held because a gate said no, the traffic is back.
 * - `let through`: live.
 * - `put back untold`: no gate could tell in its time; the traffic is back, nothing is held.
 */
type Verdict = "caught" | "let through" | "put back untold";

async function judge(stage: Stage, traffic: Traffic, notes: Notes, manner: Manner): Promise<Verdict> {
  const live = await stage.live();
  const canary = otherColor(live);
  stage.releases.next(manner);
  traffic.tally.forgetColors();
  const ran = await stage.deploy();
  notes.convergence(ran);
  const { record, live: now, colors } = await stage.actual();
  const hold = findHold(record, colors[canary]?.release.id ?? "");
  const verdict = now === canary ? "let through" : hold?.kind === "failed" ? "caught" : "put back untold";
  notes.verdict(verdict);
  stage.say(`  run ${notes.runs + 1}: ${verdict}${verdict === "let through" ? "" : `: ${ran.lastLine}`}`);
  if (verdict !== "let through") await noteRestore(stage, traffic, notes, canary);
  return verdict;
}

/** Judged at the first weight; at the last one nobody is left to be compared with. */
const watched = (stage: Stage) => {
  stage.strategy([stage.canary, { weight: 100, gates: "none" }]);
};

export const errors: Scenario = {
  name: "release-with-errors",
  about: "a release that fails for 5 % of its requests is caught at its first weight",
  maxSeconds,
  async run(stage, traffic, notes) {
    watched(stage);
    await stage.pause(WARM_UP_MS);
    for (; notes.runs < stage.settings.runs; notes.runs++) {
      const verdict = await judge(stage, traffic, notes, "with errors");
      notes.expect(verdict === "caught", `run ${notes.runs + 1}: it was ${verdict}`);
    }
  },
};

export const slowness: Scenario = {
  name: "release-three-times-as-slow",
  about: "a release whose 95th percentile is three times the live one's is caught at its first weight",
  maxSeconds,
  async prepare(stage) {
    stage.strategy([]);
    stage.releases.next("steadily");
    const ran = await stage.deploy();
    if (ran.code !== 0) throw new Error(`the steady release did not go live: ${ran.lastLine}`);
  },
  async run(stage, traffic, notes) {
    watched(stage);
    await stage.pause(WARM_UP_MS);
    const live = await stage.live();
    const p95Ms: { readonly live: number; readonly canary: number }[] = [];
    for (; notes.runs < stage.settings.runs; notes.runs++) {
      const verdict = await judge(stage, traffic, notes, "three times as slowly");
      notes.expect(verdict === "caught", `run ${notes.runs + 1}: it was ${verdict}`);
      const [ofLive, canary] = [live, otherColor(live)].map((color) => Math.round(traffic.tally.quickP95(color)));
      p95Ms.push({ live: ofLive ?? 0, canary: canary ?? 0 });
    }
    notes.facts.p95Ms = p95Ms;
  },
};

export const healthy: Scenario = {
  name: "healthy-release",
  about: "a release that answers well is not blamed, and goes live",
  maxSeconds,
  async run(stage, traffic, notes) {
    watched(stage);
    await stage.pause(WARM_UP_MS);
    for (; notes.runs < stage.settings.runs; notes.runs++) {
      const verdict = await judge(stage, traffic, notes, "well");
      notes.expect(verdict === "let through", `run ${notes.runs + 1}: it was ${verdict}`);
    }
  },
};
