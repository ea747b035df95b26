import { availability } from "./availability";
import { durationText } from "../service/duration";
import type { ChaosOptions } from "./options";
import { percentText, type ChaosReport, type Kill, type ServiceReport } from "./report";
import { expendable, readyPods, roundLimit, type ColorSeen } from "./victims";

/** Minutes and seconds since a run began: ` 1:05`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`.padStart(5);
}

/** `99.97 % of 4211 answered so far, 1 lost`; rounded down. */
export function soFar(sent: number, lost: number): string {
  const share = availability(sent, lost);
  if (share === null) return "nothing answered yet";
  return `${percentText(share)} of ${sent} answered so far${lost === 0 ? "" : `, ${lost} lost`}`;
}

export const readyText = (seen: ColorSeen): string =>
  seen.desired === 0 ? "no pods asked for" : `${readyPods(seen).length} of ${seen.desired} pods ready`;

export const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** What is going to happen, before it does. @param pathOf where the requests to a color go. */
export function announcement(
  where: string,
  options: ChaosOptions,
  colors: readonly ColorSeen[],
  pathOf: (seen: ColorSeen) => string,
): string[] {
  const { seconds, killShare, everySeconds, mode, requestsPerSecond, minAvailability, seed } = options;
  const sum = (count: (seen: ColorSeen) => number): number => colors.reduce((all, seen) => all + count(seen), 0);
  const ready = sum((seen) => readyPods(seen).length);
  const limit = Math.min(roundLimit(killShare, ready), sum(expendable));
  return [
    `chaos on ${where} for ${durationText(seconds)}, seed ${seed}`,
    ...colors.map((seen) => `  ${seen.service} ${seen.color}: ${readyText(seen)}, requests go ${pathOf(seen)}`),
    `  a round every ${durationText(everySeconds)} kills ${limit} of ${ready} pods (${mode})`,
    `  ${requestsPerSecond} requests a second to each service, of which ${minAvailability === 1 ? "none may be lost" : `more than ${percentText(minAvailability)} must be answered`}`,
  ];
}

/** The final report for people: what was asked, what was done, what came of it. */
export function reportText(report: ChaosReport): string {
  const { target, services, verdict } = report;
  return [...services.flatMap(serviceText), `chaos on ${target}: ${verdict}`].join("\n");
}

function serviceText(service: ServiceReport): string[] {
  const { name, via, colors, sent, lost, kills, worstSecond, losses, verdict } = service;
  const share = availability(sent, lost);
  const path = via === "public" ? colors.join(" and ") : `${colors.join(" and ")}, idle`;
  const answered =
    share === null ? "no request was sent" : `${percentText(share)} of ${sent} requests answered, ${lost} lost`;
  return [
    `${name} (${path})  ${verdict}  ${answered}`,
    `  ${killsText(kills)}`,
    ...(lost === 0 || worstSecond === null
      ? []
      : [
          `  worst second ${worstSecond.at.slice(11, 19)} UTC: ${worstSecond.lost} of ${worstSecond.sent} lost`,
          ...losses.slice(0, SHOWN_LOSSES).map(({ why, count }) => `  lost ${count}: ${why}`),
        ]),
    ...(losses.length > SHOWN_LOSSES ? [`  lost for ${losses.length - SHOWN_LOSSES} more reasons, see --json`] : []),
  ];
}

/** What was seen of one stream, in one line: what a reader needs to believe a verdict, and to try the same again. */
export function evidenceText(seen: ServiceReport, { mode, seed }: Pick<ChaosReport, "mode" | "seed">): string {
  const { worstSecond, losses, lost, kills } = seen;
  const [most] = losses;
  return [
    `${killsText(kills)} (${mode}, seed ${seed})`,
    ...(lost === 0 || worstSecond === null
      ? []
      : [`worst second ${worstSecond.at.slice(11, 19)} UTC: ${worstSecond.lost} of ${worstSecond.sent} lost`]),
    ...(most === undefined ? [] : [`lost ${most.count}: ${most.why}`]),
  ].join("; ");
}

const SHOWN_LOSSES = 5;

function killsText(kills: readonly Kill[]): string {
  if (kills.length === 0) return "no pod was killed";
  const times = kills.flatMap(({ recoveredMs }) => recoveredMs ?? []).sort((a, b) => a - b);
  const back = times.length === kills.length ? "" : `, ${kills.length - times.length} without recovery`;
  const slowest = times.at(-1);
  const took =
    slowest === undefined
      ? ""
      : `; whole again after ${secondsText(times[Math.floor((times.length - 1) / 2)] ?? slowest)} (median), ${secondsText(slowest)} (longest)`;
  return `${kills.length} ${kills.length === 1 ? "pod" : "pods"} killed${back}${took}`;
}
