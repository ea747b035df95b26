import { durationText } from "../service/duration";
import { FASTEST_SYNTHETIC, type MoveStep } from "../rollout/strategy";
import type { Gate } from "./gate";
import { deadlineOf } from "./stepWatch";
import { takesSynthetic } from "./synthetic";

/** Requests without one error that exclude, with 95 % certainty, an error share above `share`: the rule of three. */
export const samplesToExclude = (share: number): number => Math.ceil(3 / share);

/** The part of a step that decides how long its gates may look, and at what. */
export type Looks = Pick<MoveStep, "weight" | "holdSeconds" | "syntheticPerSecond">;

const LONGEST_HOLD_SECONDS = 86_400;
/** Offered where it is enough. */
const USUAL_SYNTHETIC = 20;

/**
 * Says when a step's gate cannot pass, or cannot be as certain as its limit asks, with the requests that come while the
 * step lasts, and what to do; `undefined` when it can.
 * @param perSecond users' requests a second of the whole service.
 */
export function tooThin(gate: Gate, step: Looks, perSecond: number): string | undefined {
  const certain = samplesForCertainty(gate);
  const most = Math.max(gate.minSamples, certain);
  const last = deadlineOf(gate, step.holdSeconds);
  const arriving = arrivals(gate, step, perSecond);
  const seconds = secondsToPass(gate, most, arriving);
  if (seconds <= last) return undefined;
  const passes = secondsToPass(gate, gate.minSamples, arriving) <= last;
  const rule = certain === most ? " (rule of three)" : "";
  const what = passes
    ? `gate ${gate.name} passes with ${gate.minSamples} requests at ${step.weight} %, but only ${most} without an error ` +
      `exclude a share above ${gate.limit}${rule}`
    : `gate ${gate.name} needs ${most} requests${rule} at ${step.weight} %`;
  return (
    `${what}; at ${number(perSecond)} requests/s in all ${besides(gate, step)}that takes ${takes(seconds)}, ` +
    `and the step gives up after ${rough(last)}; ${advice(gate, step, most, perSecond)}`
  );
}

/**
 * The same for a step that has ended without a verdict, from what came while it lasted; `undefined` when requests were
 * not what it lacked.
 * @param samples users' requests that the release answered in `seconds`.
 */
export function wasTooThin(gate: Gate, step: Looks, samples: number, seconds: number): string | undefined {
  const needed = gate.minSamples;
  const synthetic = arrivals(gate, step, 0);
  if (samples >= needed || secondsToPass(gate, needed, synthetic) <= deadlineOf(gate, step.holdSeconds))
    return undefined;
  const arriving = samples / Math.max(1, seconds);
  return (
    `users sent the release ${Math.floor(samples)} requests in ${rough(seconds)}, and gate ${gate.name} needs ${needed}, ` +
    `which takes ${takes(secondsToPass(gate, needed, arriving))} at that rate; ` +
    advice(gate, step, needed, (arriving * 100) / step.weight)
  );
}

/** Requests at which the limit itself is told from chance; 0 where that is no matter of chance. */
const samplesForCertainty = ({ kind, limit }: Gate): number =>
  kind === "share" && limit > 0 ? samplesToExclude(limit) : 0;

/** Requests a second that a gate may count: users', or the synthetic ones, whichever come sooner. Never the sum. */
const arrivals = (gate: Gate, { weight, syntheticPerSecond = 0 }: Looks, perSecond: number): number =>
  Math.max((perSecond * weight) / 100, takesSynthetic(gate) ? syntheticPerSecond : 0);

/** From the step's beginning: the requests must be there at the first of the looks in a row that pass. */
function secondsToPass({ everySeconds, consecutive }: Gate, needed: number, arriving: number): number {
  if (arriving <= 0) return Infinity;
  return (Math.max(1, Math.ceil(needed / arriving / everySeconds)) + consecutive - 1) * everySeconds;
}

function advice(gate: Gate, step: Looks, needed: number, perSecond: number): string {
  const ways = [...moreWeight(gate, step, needed, perSecond), ...moreTime(gate, step, needed, perSecond)];
  const synthetic = moreSynthetic(gate, step, needed);
  const all = [...ways, ...(synthetic === undefined ? [] : [`synthetic: ${synthetic}/s`])];
  if (all.length === 0) return "no weight and no hold is enough; judge it by other gates, or pause the step";
  return `what would do: ${all.join(", or ")}`;
}

function moreWeight(gate: Gate, { weight, holdSeconds }: Looks, needed: number, perSecond: number): string[] {
  const last = deadlineOf(gate, holdSeconds);
  for (let more = weight + 1; more <= 100; more++) {
    if (secondsToPass(gate, needed, (perSecond * more) / 100) <= last) return [`weight: ${more}`];
  }
  return [];
}

function moreTime(gate: Gate, step: Looks, needed: number, perSecond: number): string[] {
  const seconds = roundedUp(secondsToPass(gate, needed, arrivals(gate, step, perSecond)));
  if (seconds > LONGEST_HOLD_SECONDS) return [];
  const time = durationText(seconds);
  return [takesSynthetic(gate) ? `hold: ${time}` : `hold: ${time}, or within: ${time} of the KPI`];
}

function moreSynthetic(gate: Gate, { holdSeconds, syntheticPerSecond = 0 }: Looks, needed: number): number | undefined {
  if (!takesSynthetic(gate)) return undefined;
  const last = deadlineOf(gate, holdSeconds);
  const enough = (rate: number) => secondsToPass(gate, needed, rate) <= last;
  for (let rate = Math.max(USUAL_SYNTHETIC, syntheticPerSecond + 1); rate <= FASTEST_SYNTHETIC; rate++) {
    if (enough(rate)) return rate;
  }
  return undefined;
}

function besides(gate: Gate, { syntheticPerSecond }: Looks): string {
  if (syntheticPerSecond === undefined) return "";
  return takesSynthetic(gate)
    ? `and ${syntheticPerSecond} synthetic ones `
    : "(synthetic load does not count for this gate) ";
}

const takes = (seconds: number): string => (Number.isFinite(seconds) ? `about ${rough(seconds)}` : "forever");

function rough(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.ceil(seconds / 3600)} h`;
}

/** To whole minutes, or hours, as people write it. */
const roundedUp = (seconds: number): number => {
  const unit = seconds <= 120 ? 1 : seconds <= 7200 ? 60 : 3600;
  return Math.ceil(seconds / unit) * unit;
};

const number = (value: number): number => Number(value.toPrecision(2));
