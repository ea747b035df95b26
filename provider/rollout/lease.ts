import { readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { FIELD_MANAGER, LABEL } from "../../core/rollout/names";
import {
  decideLease,
  describeHolder,
  HEARTBEAT_SECONDS,
  holderIdentity,
  LEASE_SECONDS,
  parseHolder,
  type LeaseHolder,
  type LeaseSighting,
  type LeaseState,
} from "../../core/rollout/lease";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { isConflict, isNotFound } from "../../platform/kube/errors";
import { parseStat } from "../../platform/local/procfs";
import { asNumber, asString, path } from "../../core/json";
import { Fenced, messageOf, Refusal } from "./errors";
import type { RolloutStore } from "./store";

/** The lease of one service, held by this process until `release()`, the end of the process, or somebody's taking over. */
export class HeldLease {
  private readonly gone = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly kube: KubeClient,
    private readonly store: RolloutStore,
    readonly holder: LeaseHolder,
    /** Fencing token: larger than that of every holder before. */
    readonly token: number,
  ) {
    this.timer = setInterval(() => void this.beat(), HEARTBEAT_SECONDS * 1000);
    this.timer.unref();
  }

  /** Aborts, with `Fenced` as its reason, when somebody else has the lease. */
  get lost(): AbortSignal {
    return this.gone.signal;
  }

  /** Gives the lease back. Quiet when it is lost already. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    if (this.gone.signal.aborted) return;
    this.gone.abort(new Fenced("the lease was given back"));
    await this.write({ holderIdentity: "" });
  }

  private async beat(): Promise<void> {
    try {
      await this.write({ renewTime: microTime(new Date()) });
    } catch (error) {
      if (error instanceof Fenced) {
        clearInterval(this.timer);
        this.gone.abort(error);
      }
      // An API server that does not answer is no reason to stop: nobody else can take the lease without it either.
    }
  }

  private async write(spec: Record<string, unknown>): Promise<void> {
    for (;;) {
      const lease = await this.kube.get(this.store.leaseRef());
      const holder = lease && leaseState(lease).holder;
      if (!lease || holder?.id !== this.holder.id) {
        throw new Fenced(holder ? `${describeHolder(holder)} has the lease now` : "the lease was taken away");
      }
      try {
        await this.kube.patch(this.store.leaseRef(), guarded(lease, spec), {
          type: "merge",
          fieldManager: FIELD_MANAGER.lease,
        });
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }
}

/**
 * Takes the lease. A dead holder's is taken at once when its process was on this host, else when it expired.
 * @throws Refusal when somebody alive holds it.
 */
export async function acquireLease(kube: KubeClient, store: RolloutStore, signal?: AbortSignal): Promise<HeldLease> {
  const me = thisProcess();
  let sighting: { renewed: string; since: number } | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const object = await kube.get(store.leaseRef());
    const lease = object && leaseState(object);
    const now = performance.now();
    if (sighting && lease?.renewed !== sighting.renewed && lease?.holder) throw held(store, lease.holder);
    sighting ??= { renewed: lease?.renewed ?? "", since: now };
    const decision = decideLease(lease, me, sighting, now, hasEnded);
    if (decision.kind === "mine") return new HeldLease(kube, store, me, decision.token);
    if (decision.kind === "wait") {
      if (isLocal(decision.holder)) throw held(store, decision.holder);
      await sleep(Math.min(decision.ms, 1000), undefined, signal ? { signal } : {});
      continue;
    }
    try {
      return await takeLease(kube, store, object, me, decision.token);
    } catch (error) {
      if (!isConflict(error)) throw error; // somebody was quicker: look again
    }
  }
}

/**
 * Takes the lease from whoever has it, alive or not: for putting traffic back, which waits for nobody. The holder before
 * is fenced off by the larger token; it finds out at its next write or heartbeat, and leaves everything as it is.
 */
export async function seizeLease(kube: KubeClient, store: RolloutStore): Promise<HeldLease> {
  const me = thisProcess();
  for (;;) {
    const object = await kube.get(store.leaseRef());
    const token = (object ? leaseState(object).token : 0) + 1;
    try {
      return await takeLease(kube, store, object, me, token);
    } catch (error) {
      if (!isConflict(error)) throw error; // the holder's heartbeat came in between
    }
  }
}

/** A holder that was silent for this many lease times is not reported; clocks of two machines differ by far less. */
const SILENT_LEASES = 4;

/** The lease as it stands; `undefined` without one. */
export async function readLeaseState(kube: KubeClient, store: RolloutStore): Promise<LeaseState | undefined> {
  const object = await kube.get(store.leaseRef());
  return object && leaseState(object);
}

/** The holder, unless its process has ended or it has been silent for long; for status and plans, never for taking. */
export async function readLease(kube: KubeClient, store: RolloutStore): Promise<LeaseHolder | null> {
  const object = await kube.get(store.leaseRef());
  if (!object) return null;
  const { holder, renewed, durationSeconds } = leaseState(object);
  if (holder === null || hasEnded(holder)) return null;
  const silentFor = (Date.now() - Date.parse(renewed)) / 1000;
  return silentFor > durationSeconds * SILENT_LEASES ? null : holder;
}

export interface LeaseSeen {
  readonly holder: LeaseHolder | null;
  /** When the holder took it, ISO 8601; `null` without one. */
  readonly since: string | null;
  /** Whether its holder still gives signs of life. */
  readonly alive: boolean;
}

/**
 * Whether somebody holds the lease and lives. A process of this host is looked for; another one is waited for until its
 * next heartbeat, at most as long as its lease lasts. Takes nothing.
 * @param onWait told once, when there is something to wait for.
 */
export async function watchLease(
  kube: KubeClient,
  store: RolloutStore,
  signal: AbortSignal,
  onWait: (holder: LeaseHolder, seconds: number) => void,
): Promise<LeaseSeen> {
  let sighting: LeaseSighting | undefined;
  for (;;) {
    signal.throwIfAborted();
    const object = await kube.get(store.leaseRef(), { signal });
    const lease = object && leaseState(object);
    if (!lease?.holder) return { holder: null, since: null, alive: false };
    const seen = { holder: lease.holder, since: asString(path(object, "spec", "acquireTime")) ?? null };
    const now = performance.now();
    if (sighting && sighting.renewed !== lease.renewed) return { ...seen, alive: true };
    if (!sighting && !isLocal(lease.holder)) onWait(lease.holder, lease.durationSeconds);
    sighting ??= { renewed: lease.renewed, since: now };
    const decision = decideLease(lease, thisProcess(), sighting, now, hasEnded);
    if (decision.kind !== "wait") return { ...seen, alive: decision.kind === "mine" };
    if (isLocal(lease.holder)) return { ...seen, alive: true };
    await sleep(Math.min(decision.ms, 1000), undefined, { signal });
  }
}

/** Removes the lease object, and with it the copy of the record. */
export async function removeLease(kube: KubeClient, store: RolloutStore): Promise<void> {
  try {
    await kube.delete(store.leaseRef());
  } catch (error) {
    if (!isNotFound(error)) throw new Error(`lease of ${store.service}: ${messageOf(error)}`, { cause: error });
  }
}

/** @param next token where there is a lease; one that was deleted left its last one in the record, as the fence. */
async function takeLease(
  kube: KubeClient,
  store: RolloutStore,
  object: KubeObject | undefined,
  me: LeaseHolder,
  next: number,
): Promise<HeldLease> {
  const token = object ? next : (await store.read()).actual.record.fence + 1;
  const now = microTime(new Date());
  const spec = {
    holderIdentity: holderIdentity(me),
    leaseDurationSeconds: LEASE_SECONDS,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: token,
  };
  if (object) {
    await kube.patch(store.leaseRef(), guarded(object, spec), { type: "merge", fieldManager: FIELD_MANAGER.lease });
    return new HeldLease(kube, store, me, token);
  }
  const { apiVersion, kind, name, namespace } = store.leaseRef();
  const metadata = { name, namespace, labels: { [LABEL.service]: store.service } };
  await kube.create({ apiVersion, kind, metadata, spec }, { fieldManager: FIELD_MANAGER.lease });
  return new HeldLease(kube, store, me, token);
}

const held = (store: RolloutStore, holder: LeaseHolder): Refusal =>
  new Refusal(
    `${store.service}: ${describeHolder(holder)} is moving its traffic. Wait until that ends, or stop it; nothing was changed here`,
  );

export function leaseState(lease: KubeObject): LeaseState {
  const spec = path(lease, "spec");
  return {
    holder: parseHolder(asString(path(spec, "holderIdentity"))),
    renewed: asString(path(spec, "renewTime")) ?? "",
    durationSeconds: asNumber(path(spec, "leaseDurationSeconds")) ?? LEASE_SECONDS,
    token: asNumber(path(spec, "leaseTransitions")) ?? 0,
  };
}

/** A merge patch that the API server refuses when the object is no longer the one read. */
const guarded = (object: KubeObject, spec: Record<string, unknown>) => ({
  metadata: { resourceVersion: object.metadata.resourceVersion },
  spec,
});

/** Kubernetes' MicroTime: six digits of a second. */
const microTime = (date: Date): string => date.toISOString().replace("Z", "000Z");

let own: LeaseHolder | undefined;

/** This process, as it signs leases. */
export function thisProcess(): LeaseHolder {
  own ??= { user: userName(), host: os.hostname(), pid: process.pid, id: startOf(process.pid) ?? `${Date.now()}` };
  return own;
}

const isLocal = (holder: LeaseHolder): boolean => holder.host === os.hostname();

function hasEnded(holder: LeaseHolder): boolean {
  if (!isLocal(holder)) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
  const stat = statOf(holder.pid);
  if (stat === undefined) return false; // no /proc here
  // Dead is also who was not buried by its parent yet, and whose pid was given to another process since.
  return stat.state === "Z" || `${holder.pid}-${stat.startTime}` !== holder.id;
}

/** When a process began, as `<pid>-<ticks since boot>`; `undefined` where there is no /proc. */
function startOf(pid: number): string | undefined {
  const stat = statOf(pid);
  return stat && `${pid}-${stat.startTime}`;
}

function statOf(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return process.env.USER ?? `uid-${process.getuid?.() ?? 0}`; // a container's user need not be in /etc/passwd
  }
}
