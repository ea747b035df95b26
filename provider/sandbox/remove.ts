import { setTimeout as sleep } from "node:timers/promises";
import { asArray, asString, path } from "../../core/json";
import { SANDBOX_LABEL } from "../../core/sandbox/identity";
import type { KubeClient, KubeObject } from "../../platform/kube/client";

/** Clones on the sandbox server, whoever made them. */
export interface Databases {
  /** Names of the sandboxes that have one. */
  list(signal?: AbortSignal): Promise<readonly string[]>;
  /** Refuses connections, ends those that there are, drops database and role. False when there was nothing. */
  drop(sandbox: string, signal?: AbortSignal): Promise<boolean>;
}

export interface RemoveOptions {
  readonly databases: Databases;
  /** Ends the grants of its reviewers, before anything else. */
  readonly revoke: (sandbox: string) => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** How long a namespace may take to go. @default 60 s */
  readonly patienceMs?: number;
}

/** What became of a sandbox in the world. */
export interface Removal {
  readonly database: "dropped" | "none";
  readonly namespace: "deleted" | "none" | "stuck";
  /** Why the namespace does not go, with the names of finalizers and who holds them. */
  readonly stuck: readonly string[];
}

const NAMESPACE = { apiVersion: "v1", kind: "Namespace" };
const ROUTE = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" };
const POD = { apiVersion: "v1", kind: "Pod" };
const PATIENCE_MS = 60_000;
/** Waited for besides, to learn why a namespace does not go. */
const WHY_MS = 15_000;

/** The namespace of that name is no sandbox's: it does not say so itself. Nothing was touched. */
export class NotASandbox extends Error {
  override readonly name = "NotASandbox";
}

/**
 * Takes a sandbox out of the world by its name alone: who may enter, the way in, the database, the namespace. Each step
 * is done whatever became of the others, and all of it again does no harm. Reports a namespace that does not go, when
 * everything else has gone.
 * @throws NotASandbox
 */
export async function removeSandbox(kube: KubeClient, name: string, options: RemoveOptions): Promise<Removal> {
  const { databases, revoke, signal, progress } = options;
  const namespace = await kube.get({ ...NAMESPACE, name }, { signal });
  if (namespace && namespace.metadata.labels?.[SANDBOX_LABEL] !== name)
    throw new NotASandbox(`namespace ${name} has no label ${SANDBOX_LABEL}=${name}, so it is left alone`);
  // Access ends first; that nobody can be asked about grants is no reason to leave the doors open.
  const [revoked] = await Promise.allSettled([revoke(name)]);
  const [closed] = await Promise.allSettled([namespace && closeDoors(kube, name, signal)]);
  const [dropped, deleted, ended] = await Promise.allSettled([
    databases.drop(name, signal),
    namespace ? kube.delete({ ...NAMESPACE, name }, { signal }) : false,
    namespace && endPods(kube, name, signal),
  ]);
  const stuck = namespace && deleted.status === "fulfilled" ? await untilGone(kube, name, options) : [];
  // What a namespace held went with it; that it could not be taken out first is of interest only while it stands.
  const isGone = deleted.status === "fulfilled" && stuck.length === 0;
  const failed = [revoked, dropped, deleted, ...(isGone ? [] : [closed, ended])].find(isRejected);
  if (failed) throw failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
  if (stuck.length > 0) progress(`${name}: ${stuck.join("; ")}`);
  return {
    database: dropped.status === "fulfilled" && dropped.value ? "dropped" : "none",
    namespace: stuck.length > 0 ? "stuck" : namespace ? "deleted" : "none",
    stuck,
  };
}

const isRejected = (one: PromiseSettledResult<unknown>): one is PromiseRejectedResult => one.status === "rejected";

/** No request reaches it any more. */
export async function closeDoors(kube: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const routes = await kube.list({ ...ROUTE, namespace: name }, { signal });
  await Promise.all(
    routes.map(({ metadata }) => kube.delete({ ...ROUTE, namespace: name, name: metadata.name ?? "" }, { signal })),
  );
}

/** Nobody waits for what they still do. */
async function endPods(kube: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const pods = await kube.list({ ...POD, namespace: name }, { signal });
  await Promise.all(
    pods.map(({ metadata }) =>
      kube.delete({ ...POD, namespace: name, name: metadata.name ?? "" }, { gracePeriodSeconds: 0, signal }),
    ),
  );
}

/** Empty when the namespace is gone; otherwise why it is not. */
async function untilGone(
  kube: KubeClient,
  name: string,
  { signal, patienceMs = PATIENCE_MS }: RemoveOptions,
): Promise<readonly string[]> {
  const giveUp = performance.now() + patienceMs;
  for (let wait = 100; ; wait = Math.min(wait * 1.3, 500)) {
    const object = await kube.get({ ...NAMESPACE, name }, { signal });
    // Another one of the same name is not ours to wait for, and not to report.
    if (!object || object.metadata.deletionTimestamp === undefined) return [];
    const late = performance.now() - giveUp;
    if (late > 0 && (late > WHY_MS || whyStuck(object).length > 0))
      return [...whyStuck(object), ...ownFinalizers(object)];
    await sleep(wait, undefined, { signal });
  }
}

/** The API server says what is left, and whose finalizers hold it; it takes a while to say so. */
const whyStuck = (namespace: KubeObject): readonly string[] =>
  asArray(path(namespace, "status", "conditions")).flatMap((condition) => {
    const type = asString(path(condition, "type")) ?? "";
    const holds = path(condition, "status") === "True" && /Remaining|Failure/.test(type);
    return holds ? [asString(path(condition, "message")) ?? type] : [];
  });

function ownFinalizers({ metadata }: KubeObject): readonly string[] {
  const own = metadata.finalizers ?? [];
  return [
    `namespace ${metadata.name ?? ""} is still being deleted${own.length === 0 ? "" : `, held by its own finalizers ${own.join(", ")}`}`,
  ];
}
