import type { ChaosOptions } from "./options";
import { percentText, type ChaosReport, type Verdict } from "./report";
import { evidenceText } from "./text";

/** How a release is tried by chaos before its move. Durations are seconds, shares 0..1. */
export interface ChaosGate {
  readonly seconds: number;
  readonly killShare: number;
  readonly everySeconds: number;
  readonly minAvailability: number;
  readonly requestsPerSecond: number;
  readonly mode: ChaosOptions["mode"];
}

/** A machine that is too busy to send this share of what was asked for has not tried the release. */
const LEAST_SENT = 0.5;

/** The options of a run: pods of the idle color alone, whatever the stack; that was decided with its configuration. */
export const gateOptions = (gate: ChaosGate, seed: number): ChaosOptions => ({
  ...gate,
  side: "idle",
  seed,
  allowProd: true,
});

export interface GateVerdict {
  readonly verdict: Verdict;
  /** One line for people: what came of it, and what was seen. */
  readonly evidence: string;
}

/** What a run of one service says of its release: less load than was asked for passes nothing. */
export function gateVerdict(report: ChaosReport, gate: ChaosGate): GateVerdict {
  const [seen] = report.services;
  if (!seen) return { verdict: "inconclusive", evidence: "chaos: nothing was tried" };
  const told = evidenceText(seen, report);
  const reason = seen.reason?.replace(`${seen.name}: `, "") ?? "";
  if (report.verdict !== "pass") return { verdict: report.verdict, evidence: `chaos: ${reason}; ${told}` };
  const asked = gate.seconds * gate.requestsPerSecond;
  if (seen.sent < asked * LEAST_SENT) {
    const few = `only ${seen.sent} of ${asked} requests could be sent, too few to tell`;
    return { verdict: "inconclusive", evidence: `chaos: ${few}; ${told}` };
  }
  const answered = `${percentText(seen.availability ?? 0)} of ${seen.sent} requests were answered`;
  return { verdict: "pass", evidence: `chaos: ${answered}; ${told}` };
}

/** Text of the proof on a workload: which release was tried, and how. */
export const proofOf = (release: string, gate: ChaosGate): string => {
  const { seconds, killShare, everySeconds, minAvailability, requestsPerSecond, mode } = gate;
  return JSON.stringify({ release, seconds, killShare, everySeconds, minAvailability, requestsPerSecond, mode });
};
