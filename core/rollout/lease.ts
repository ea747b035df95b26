/**
 * One mover at a time. The lease is a coordination.k8s.io Lease; these functions only decide, the provider reads and
 * writes. An expired lease is judged by the local clock from the moment its heartbeat was last *seen to change*, as
 * client-go does, so that clocks of two machines are never compared.
 */
export interface LeaseHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** Distinguishes two processes that had the same pid. */
  readonly id: string;
}

export interface LeaseState {
  readonly holder: LeaseHolder | null;
  /** Text of renewTime: only compared for change. */
  readonly renewed: string;
  readonly durationSeconds: number;
  /** Fencing token: grows with each new holder. */
  readonly token: number;
}

export interface LeaseSighting {
  readonly renewed: string;
  /** Local monotonic time at which `renewed` was first seen, in ms. */
  readonly since: number;
}

export type LeaseDecision =
  | { readonly kind: "take"; readonly token: number; readonly why: string }
  | { readonly kind: "mine"; readonly token: number }
  | { readonly kind: "wait"; readonly ms: number; readonly holder: LeaseHolder };

/** How long a holder may be silent before others may take its place. */
export const LEASE_SECONDS = 15;
/** Heartbeat interval: several may be missed before the lease expires. */
export const HEARTBEAT_SECONDS = 3;

/**
 * @param isDead whether the holder is a process of this host that has ended; a host cannot judge another's processes.
 */
export function decideLease(
  lease: LeaseState | undefined,
  me: LeaseHolder,
  sighting: LeaseSighting,
  now: number,
  isDead: (holder: LeaseHolder) => boolean,
): LeaseDecision {
  if (!lease) return { kind: "take", token: 1, why: "nobody held it" };
  const token = lease.token + 1;
  const { holder } = lease;
  if (!holder) return { kind: "take", token, why: "nobody holds it" };
  if (holder.id === me.id) return { kind: "mine", token: lease.token };
  if (isDead(holder)) return { kind: "take", token, why: `${describeHolder(holder)} has ended` };
  const silentFor = sighting.renewed === lease.renewed ? now - sighting.since : 0;
  const left = lease.durationSeconds * 1000 - silentFor;
  if (left <= 0)
    return { kind: "take", token, why: `${describeHolder(holder)} gave no sign for ${lease.durationSeconds} s` };
  return { kind: "wait", ms: left, holder };
}

export const describeHolder = (holder: LeaseHolder): string => `${holder.user}@${holder.host} (pid ${holder.pid})`;

/** Form of holderIdentity, readable by people: `user@host/pid/id`. */
export const holderIdentity = (holder: LeaseHolder): string =>
  `${holder.user}@${holder.host}/${holder.pid}/${holder.id}`;

/** `null` for an empty identity; a foreign form is a holder whose process nobody can check. */
export function parseHolder(identity: string | undefined): LeaseHolder | null {
  if (identity === undefined || identity === "") return null;
  const [, user, host, pid, id] = /^([^@]*)@([^/]*)\/(\d+)\/(.+)$/.exec(identity) ?? [];
  if (user === undefined || host === undefined || pid === undefined || id === undefined) {
    return { user: identity, host: "", pid: 0, id: identity };
  }
  return { user, host, pid: Number(pid), id };
}
