import type { Gate } from "./gate";

/** Requests without one error that exclude, with 95 % certainty, an error share above `share`: the rule of three. */
export const samplesToExclude = (share: number): number => Math.ceil(3 / share);

/**
 * Says when a step cannot pass in its time for want of traffic; `undefined` when it can.
 * @param perSecond requests a second of the whole service, as measured before the move.
 */
export function tooThin(gate: Gate, perSecond: number, weight: number): string | undefined {
  const share = (perSecond * weight) / 100;
  const needed =
    gate.kind === "share" && gate.limit > 0 ? Math.max(gate.minSamples, samplesToExclude(gate.limit)) : gate.minSamples;
  const seconds = share > 0 ? needed / share : Infinity;
  if (seconds <= gate.withinSeconds) return undefined;
  const takes = Number.isFinite(seconds) ? `about ${duration(seconds)}` : "forever";
  return (
    `gate ${gate.name} needs ${needed} requests at ${weight} %; at ${Number(perSecond.toPrecision(2))} requests/s in all ` +
    `that takes ${takes}, and it gives up after ${duration(gate.withinSeconds)}`
  );
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.ceil(seconds / 3600)} h`;
}
