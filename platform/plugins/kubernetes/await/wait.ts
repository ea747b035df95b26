/** Waiting for objects: until they are ready, or gone. */
import { isUnknown, messageOf, type Log } from "../../../rpc";
import { KubeApiError, KubeUnreachableError, UnknownKindError } from "../../../kube/errors";
import { describe, refOf, type KubeClient, type KubeObject, type ObjectRef } from "../../../kube/client";
import { pause } from "../../../kube/watch";
import { describeTrouble, TroubleClock, troublesOf } from "./diagnosis";
import { explain, podsOf } from "./pods";
import { conditionOf, isAwaited, needsEndpoints, part, readiness, WORKLOADS, type Readiness } from "./readiness";

/** Not ready, and for these reasons; `object` is how it was seen last. */
export class NotReady extends Error {
  override readonly name = "NotReady";
  constructor(
    readonly object: KubeObject,
    readonly reasons: readonly string[],
  ) {
    super(reasons.join("; "));
  }
}

export interface WaitOptions {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export const DEFAULT_TIMEOUT_SECONDS = 600;
/** How often the pods of a workload are looked at; the object itself is watched. */
const LOOK_MS = 1_000;
/** No pod could be made at all (quota, admission): given up after this time. */
const NO_PODS_PATIENCE_MS = 15_000;

/**
 * Waits until `object` is ready and returns it as it is then. Gives up at the time-out, and well before it when the pods
 * cannot start (see PATIENCE_SECONDS). @throws NotReady
 */
export async function untilReady(kube: KubeClient, object: KubeObject, options: WaitOptions): Promise<KubeObject> {
  if (!isAwaited(object)) return object;
  const waiting = new Waiting(kube, object, options);
  try {
    return await waiting.run();
  } finally {
    waiting.stop();
  }
}

class Waiting {
  private readonly over = new AbortController();
  private readonly signal: AbortSignal;
  private readonly clock = new TroubleClock();
  private readonly started = Date.now();
  private wake: () => void = () => undefined;
  private changed = false;
  private gone = false;
  private hasShown = false;

  constructor(
    private readonly kube: KubeClient,
    private object: KubeObject,
    private readonly options: WaitOptions,
  ) {
    this.signal = AbortSignal.any([options.signal, this.over.signal]);
  }

  async run(): Promise<KubeObject> {
    const watching = this.follow();
    watching.catch(() => undefined); // met again in the race below
    const deadline = this.started + this.options.timeoutSeconds * 1000;
    let nextLook = this.started;
    for (;;) {
      this.options.signal.throwIfAborted();
      if (this.gone) throw new NotReady(this.object, [`${this.title()} was deleted while it was waited for`]);
      const now = Date.now();
      this.changed = false;
      const answer = await this.judge();
      if (answer.state === "ready") {
        this.showEnd();
        return this.object;
      }
      if (answer.state === "failed") return await this.fail(answer.message);
      if (now >= deadline)
        return await this.fail(`not ready after ${this.options.timeoutSeconds} s: ${answer.message}`);
      if (now >= nextLook) {
        nextLook = now + LOOK_MS;
        await this.look(answer.message, now);
      }
      if (this.hasChanged()) continue;
      await Promise.race([this.woken(), watching, pause(Math.min(LOOK_MS, Math.max(1, deadline - now)), this.signal)]);
    }
  }

  stop(): void {
    this.over.abort();
  }

  private hasChanged(): boolean {
    return this.changed;
  }

  private woken(): Promise<void> {
    return new Promise((done) => (this.wake = done));
  }

  /** Keeps `object` as it is in the cluster. Ends only by throwing. */
  private async follow(): Promise<void> {
    const { apiVersion, kind, name, namespace } = refOf(this.object);
    const fieldSelector = `metadata.name=${name}`;
    try {
      for await (const event of this.kube.watch({ apiVersion, kind, namespace, fieldSelector, signal: this.signal })) {
        this.gone = event.type === "DELETED";
        this.object = event.object;
        this.changed = true;
        this.wake();
      }
    } catch (error) {
      if (!this.signal.aborted) throw error;
    }
  }

  private async judge(): Promise<Readiness> {
    const answer = readiness(this.object);
    if (answer.state !== "waiting" && needsEndpoints(this.object)) {
      return (await this.hasEndpoints()) ? answer : { state: "waiting", message: "no ready pod behind it yet" };
    }
    if (this.object.kind === "PersistentVolumeClaim" && answer.state === "waiting" && (await this.bindsLater())) {
      return { state: "ready" };
    }
    return answer;
  }

  private async hasEndpoints(): Promise<boolean> {
    const { name = "", namespace } = this.object.metadata;
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const kind = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace };
    const slices = await this.tolerant(() => this.kube.list(kind, { labelSelector, signal: this.signal }), []);
    return slices.some(({ endpoints }) =>
      Array.isArray(endpoints)
        ? (endpoints as { conditions?: { ready?: boolean } }[]).some(({ conditions }) => conditions?.ready !== false)
        : false,
    );
  }

  /** A claim whose volume is made for its first pod stays unbound until then. */
  private async bindsLater(): Promise<boolean> {
    const { storageClassName } = part(this.object, "spec");
    if (typeof storageClassName !== "string" || storageClassName === "") return false;
    const ref = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", name: storageClassName };
    const storageClass = await this.kube.get(ref, { signal: this.signal });
    return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  }

  /** Shows what goes on, and gives up on what is hopeless. */
  private async look(progress: string, now: number): Promise<void> {
    const [pods, stillThere] = await this.tolerant(
      () =>
        Promise.all([
          WORKLOADS.has(this.object.kind) ? podsOf(this.kube, this.object, this.signal) : [],
          this.kube.get(refOf(this.object), { signal: this.signal }),
        ]),
      [[], this.object],
    );
    this.gone ||= stillThere === undefined; // deleted before the watch began
    // A job replaces its failed pods itself, up to its backoffLimit; only what never started is hopeless there.
    const troubles = troublesOf(pods).filter((trouble) => this.object.kind !== "Job" || !trouble.crashed);
    const [first] = troubles;
    this.options.log.status(first ? `${progress}; ${shortened(describeTrouble(first))}` : progress);
    this.hasShown = true;
    const overdue = this.clock.overdue(troubles, now);
    const givenUp = `given up after ${Math.round((now - this.started) / 1000)} s: ${progress}`;
    if (overdue.length > 0) await this.fail(givenUp, pods);
    const refused = conditionOf(this.object, "ReplicaFailure")?.status === "True" && pods.length === 0;
    if (refused && now - this.started >= NO_PODS_PATIENCE_MS) await this.fail(givenUp, pods);
  }

  /** The engine leaves the last status where it is: it must not be what was waited for. */
  private showEnd(): void {
    if (this.hasShown) this.options.log.status(this.object.kind === "Job" ? "complete" : "ready");
  }

  private async fail(why: string, seen?: readonly KubeObject[]): Promise<never> {
    throw new NotReady(this.object, [`${this.title()}: ${why}`, ...(await this.explained(seen))]);
  }

  private async explained(seen: readonly KubeObject[] | undefined): Promise<string[]> {
    if (!WORKLOADS.has(this.object.kind)) return [];
    try {
      const pods = seen ?? (await podsOf(this.kube, this.object, this.signal));
      return await explain(this.kube, this.object, pods, this.signal);
    } catch (error) {
      this.signal.throwIfAborted();
      return [`why it is so cannot be read: ${messageOf(error)}`];
    }
  }

  /** A side look that may not be allowed, or that comes while the API server restarts, does not end the wait. */
  private async tolerant<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof KubeUnreachableError || error instanceof KubeApiError) return otherwise;
      throw error;
    }
  }

  private title(): string {
    return describe(refOf(this.object));
  }
}

/** One look, for refreshes: why a workload is not ready, or undefined when it is. */
export function unreadiness(object: KubeObject): string | undefined {
  if (!isAwaited(object) || !WORKLOADS.has(object.kind)) return undefined;
  const answer = readiness(object);
  return answer.state === "ready" ? undefined : `${describe(refOf(object))}: ${answer.message}`;
}

/** Waits until the object is gone, or another one of the same name has its place. */
export async function untilGone(kube: KubeClient, ref: ObjectRef, uid: unknown, options: WaitOptions): Promise<void> {
  const { log, signal, timeoutSeconds } = options;
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (let wait = 50; ; wait = Math.min(wait * 1.5, LOOK_MS)) {
    const object = await lookUp(kube, ref, signal);
    if (!object || (typeof uid === "string" && !isUnknown(uid) && object.metadata.uid !== uid)) return;
    const why = whyStillThere(object);
    if (Date.now() >= deadline) {
      throw new Error(`${describe(ref)} is still there ${timeoutSeconds} s after its deletion${why ? `: ${why}` : ""}`);
    }
    log.status(why ? `being deleted: ${shortened(why)}` : "being deleted");
    await pause(wait, signal);
  }
}

/** An object of a kind that is gone is gone. */
export async function lookUp(kube: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await kube.get(ref, { signal });
  } catch (error) {
    if (error instanceof UnknownKindError) return undefined;
    throw error;
  }
}

function whyStillThere(object: KubeObject): string {
  const remaining = ["NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure"]
    .map((type) => conditionOf(object, type))
    .filter((condition) => condition?.status === "True")
    .map((condition) => condition?.message ?? "");
  const finalizers = (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== "foregroundDeletion");
  return [...remaining, ...(finalizers.length > 0 ? [`finalizers ${finalizers.join(", ")}`] : [])].join("; ");
}

const shortened = (text: string): string => (text.length > 160 ? `${text.slice(0, 157)}...` : text);
