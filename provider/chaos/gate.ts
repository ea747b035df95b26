import { randomInt } from "node:crypto";
import { gateOptions, gateVerdict, type ChaosGate } from "../../core/chaos/gate";
import { LARGEST_SEED } from "../../core/chaos/random";
import type { Color } from "../../core/rollout/color";
import { GateFailure, Inconclusive } from "../rollout/errors";
import { aimBeforeMove, type ChaosPlace, type ChaosTarget } from "./aim";
import { runChaos } from "./run";

/**
 * Tries a color that has no traffic: its pods are killed at random while a bounded load goes to it alone, by the probe
 * route. Returns when every pod is ready again.
 * @returns what was seen, for people.
 * @throws GateFailure when too little was answered, or the color did not come back.
 * @throws Inconclusive when that cannot be told; RefusedError when nothing could begin; CancelledError.
 */
export async function tryByChaos(
  place: Omit<ChaosPlace, "title" | "targets">,
  target: ChaosTarget,
  color: Color,
  gate: ChaosGate,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<string> {
  const whole = { ...place, title: target.name, targets: [target] };
  const options = gateOptions(gate, randomInt(LARGEST_SEED + 1));
  const find = () => aimBeforeMove(whole, target, color);
  const report = await runChaos({ place: whole, options, find, inUpdate: true }, signal, progress);
  const { verdict, evidence } = gateVerdict(report, gate);
  if (verdict === "fail") throw new GateFailure(evidence);
  if (verdict === "inconclusive") throw new Inconclusive(evidence);
  return evidence;
}
