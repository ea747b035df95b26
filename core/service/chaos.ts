import { z } from "zod";
import type { ChaosGate } from "../chaos/gate";
import { MODES, percent, SHORTEST_SECONDS, span } from "../chaos/options";
import { field, mapWith, oneOf, readBy, wholeNumber } from "./field";

/** A release waits for it with the lease held: long enough to kill in rounds, short enough to wait for. */
const LONGEST_SECONDS = 600;

const settings = mapWith({
  time: span(SHORTEST_SECONDS, LONGEST_SECONDS, "say how long pods of the new release are to be killed").default(30),
  kill: percent("say which share of its ready pods a round may kill").default(0.5),
  every: span(1, LONGEST_SECONDS, "say how often a round begins").default(10),
  availability: percent("say which share of requests more than must be answered; 100% means none is lost").default(
    0.99,
  ),
  rps: wholeNumber(10, 2000, "say how many requests are sent to the new release in a second").default(50),
  mode: oneOf(MODES, "docs/chaos.md says what they do").default("crash"),
  allowProd: field(
    { allowed: "true or false", advice: "write true to kill pods of a new release on a production stack too" },
    (value) => (typeof value === "boolean" ? value : undefined),
  ).default(false),
});

/** How each new release of a service is tried by chaos before traffic moves to it. */
export interface ServiceChaos extends ChaosGate {
  /** Also on a stack that is protected or named prod. */
  readonly allowProd: boolean;
}

/** The settings, or `none`: a stack does without what the service asks for. */
export const chaosSchema = z.unknown().transform((value, context): ServiceChaos | "none" => {
  if (value === "none") return "none";
  const read = readBy(settings, value, context);
  if (read === undefined) return z.NEVER;
  const { time, kill, every, availability, rps, mode, allowProd } = read;
  return {
    seconds: time,
    killShare: kill,
    everySeconds: every,
    minAvailability: availability,
    requestsPerSecond: rps,
    mode,
    allowProd,
  };
});
