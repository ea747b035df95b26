import { setTimeout as sleep } from "node:timers/promises";
import { describeEvidence, type Evidence } from "../../core/gates/verdict";
import type { Color } from "../../core/rollout/color";
import { decideLease, type LeaseHolder, type LeaseSighting } from "../../core/rollout/lease";
import type { RolloutRecord } from "../../core/rollout/record";
import { abandonMove, type Abandoned, type Blame } from "./abandon";
import type { DataPlane } from "./dataPlane";
import { messageOf } from "./errors";
import type { GateKeeper } from "./gateWatch";
import { readLeaseState, thisProcess, type HeldLease } from "./lease";
import type { KubeClient } from "../../platform/kube/client";
import type { RolloutStore } from "./store";

export interface WatcherParts {
  readonly kube: KubeClient;
  readonly store: RolloutStore;
  /** Absent: parked moves are watched for their end alone. */
  readonly gates?: GateKeeper;
  readonly dataPlane?: DataPlane;
  readonly probePath?: string;
  /** Takes the lease from whoever has it. */
  readonly seize: () => Promise<HeldLease>;
  /** Fencing token of a move that is about to begin: while its lease is held there is something to wait for. */
  readonly token?: number;
  readonly log: (message: string) => void;
  readonly now?: () => Date;
}

/** How often the record and the lease are looked at. */
const LOOK_MS = 1000;
/** Gates of a parked move look back at most so far: what was fine last week says nothing about now. */
const LONGEST_WINDOW_SECONDS = 900;

export type WatchEnd =
  /** Promoted, rolled back or taken over by another move. */
  { readonly kind: "over" } | { readonly kind: "restored"; readonly why: string };

/**
 * Stands by one service's move until it is over, and puts the traffic back when nobody else will: its mover gave no
 * sign for a whole lease time, a gate of the parked release fails, or its time runs out. It never moves traffic forward.
 */
export async function watchRollout(parts: WatcherParts, signal: AbortSignal): Promise<WatchEnd> {
  const nextLook = new Map<string, number>();
  let sighting: LeaseSighting | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const { record, colors } = (await parts.store.read()).actual;
      const lease = await readLeaseState(parts.kube, parts.store);
      if (!record.move && !(lease?.holder && lease.token === parts.token)) return { kind: "over" };
      const now = performance.now();
      if (sighting?.renewed !== (lease?.renewed ?? "")) sighting = { renewed: lease?.renewed ?? "", since: now };
      const ready = record.move && (colors[record.move.to]?.ready ?? 0);
      const reason = record.move?.parked
        ? (withoutPods(record.move.to, ready) ?? (await parkedTrouble(parts, record, nextLook, signal)))
        : orphaned(lease, sighting, now);
      if (reason && !record.move) return { kind: "over" }; // its mover died before it moved anything
      if (reason) return await restore(parts, reason);
    } catch (error) {
      signal.throwIfAborted();
      // An API server that is away comes back; the traffic is where it was meanwhile.
      parts.log(`cannot look: ${messageOf(error)}`);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

interface Reason {
  readonly why: string;
  readonly blame: Blame;
}

function orphaned(
  lease: Awaited<ReturnType<typeof readLeaseState>>,
  sighting: LeaseSighting,
  now: number,
): Reason | undefined {
  const silent = lease && { ...lease, holder: lease.holder ?? NOBODY };
  const decision = decideLease(silent, thisProcess(), sighting, now, () => false);
  if (decision.kind !== "take") return undefined;
  return { why: `its mover is gone (${decision.why})`, blame: "nobody's fault" };
}

/** A lease that was given back in mid-move runs out like one whose holder fell silent. */
const NOBODY: LeaseHolder = { user: "nobody", host: "", pid: 0, id: "" };

/** The gateway counts what it answers for a backend without pods nowhere, so no gate would see it. */
const withoutPods = (color: Color, ready: number | null): Reason | undefined =>
  ready === 0 ? { why: `while parked: no pod of ${color} is ready`, blame: "failed" } : undefined;

async function parkedTrouble(
  parts: WatcherParts,
  record: RolloutRecord,
  nextLook: Map<string, number>,
  signal: AbortSignal,
): Promise<Reason | undefined> {
  const { move } = record;
  if (!move?.parked) return undefined;
  const now = (parts.now?.() ?? new Date()).getTime();
  if (now > Date.parse(move.parked.until)) {
    return { why: `nobody promoted it until ${move.parked.until}`, blame: "given up" };
  }
  for (const gate of parts.gates?.gates ?? []) {
    if ((nextLook.get(gate.name) ?? 0) > now) continue;
    // Never back beyond the parking: before it another release may have answered from the same color.
    const window = Math.min(LONGEST_WINDOW_SECONDS, gate.withinSeconds, (now - Date.parse(move.parked.at)) / 1000);
    if (window < gate.everySeconds) continue;
    nextLook.set(gate.name, now + gate.everySeconds * 1000);
    const evidence = await parts.gates?.look(gate, move.to, window, signal);
    if (evidence) parts.log(line(record, evidence));
    if (evidence?.verdict === "fail") return { why: `while parked: ${describeEvidence(evidence)}`, blame: "failed" };
  }
  return undefined;
}

async function restore(parts: WatcherParts, { why, blame }: Reason): Promise<WatchEnd> {
  const { store, dataPlane, probePath, now } = parts;
  const lease = await parts.seize();
  try {
    const { message }: Abandoned = await abandonMove(
      {
        store,
        lease,
        ...(dataPlane === undefined ? {} : { dataPlane }),
        ...(probePath === undefined ? {} : { probePath }),
        ...(now === undefined ? {} : { now }),
      },
      why,
      blame,
    );
    parts.log(message);
    return { kind: "restored", why };
  } finally {
    await lease.release().catch(() => undefined); // it expires
  }
}

const line = ({ move, weights }: RolloutRecord, evidence: Evidence): string =>
  `${move ? weights[move.to] : 0} % parked: ${describeEvidence(evidence)}: ${evidence.verdict}`;
