import type { Weights } from "../rollout/color";
import type { RolloutEvent, Said } from "../rollout/record";
import type { LEDGER_EVENTS, LedgerFact } from "./entry";

type LedgerEvent = (typeof LEDGER_EVENTS)[number];

const NAMES: Readonly<Record<RolloutEvent["kind"], LedgerEvent>> = {
  deploy: "deployed",
  rollback: "rolled-back",
  restore: "restored",
  failed: "failed",
  repair: "repaired",
  parked: "parked",
  scheduled: "scheduled",
  delayed: "delayed",
  cancelled: "cancelled",
  expired: "expired",
};

/** Whose rollout it is. */
export interface FactPlace {
  readonly service: string;
  readonly namespace: string;
}

/** What a ledger says of an event that the rollout's record knows; the same however often it is asked. */
export function factOfEvent(place: FactPlace, event: RolloutEvent): LedgerFact {
  const { at, by, kind, release, tag, image, reason, sequence = 0, gates = [] } = event;
  return {
    event: NAMES[kind],
    at,
    by,
    ...place,
    release: { id: release || "unknown", tag, image: image ?? null },
    weights: event.weights ?? { before: null, after: null },
    gates: [...gates],
    decisions: [],
    reason: reason ?? null,
    origin: `record ${sequence}`,
  };
}

/** Weights that are about to be written; see WeightChange of the provider. */
export interface MovingChange extends FactPlace {
  readonly release: { readonly id: string; readonly tag: string; readonly image: string };
  readonly before: Weights | null;
  readonly after: Weights;
  readonly evidence: readonly Said[];
  readonly decisions: readonly string[];
  readonly marker: string;
  readonly by: string;
}

/** What a ledger says before weights are written. @param at when that is. */
export function factOfChange(change: MovingChange, at: Date): LedgerFact {
  const { service, namespace, release, before, after, evidence, decisions, marker, by } = change;
  return {
    event: "moving",
    at: at.toISOString(),
    by,
    service,
    namespace,
    release: { id: release.id, tag: release.tag, image: release.image },
    weights: { before, after },
    gates: [...evidence],
    decisions: [...decisions],
    reason: null,
    origin: `marker ${marker}`,
  };
}
