import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { asArray, asNumber, asString, path } from "../../core/json";
import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import { REVIEW_GATE } from "../../core/sharing/names";
import { RefusedError } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { isApiError } from "../../platform/kube/errors";
import { CLIENT_SECRET, sharingObjects, STAND_IN, type SharingArgs } from "./objects";

const OWNER = { fieldManager: "hms-sharing", force: true } as const;
/** Image, start, first answer. */
const READY_MS = 120_000;

/** What a gate that stands was told: the words of its command line, and its image. */
export interface StandingGate {
  readonly image: string;
  readonly words: readonly string[];
}

/** `undefined` while there is none that answers. */
export async function standingGate(
  kube: KubeClient,
  namespace: string = SANDBOXES_NAMESPACE,
): Promise<StandingGate | undefined> {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: REVIEW_GATE, namespace };
  const deployment = await kube.get(ref);
  if (!deployment || (await isStarting(kube, namespace, REVIEW_GATE))) return undefined;
  const container = path(deployment, "spec", "template", "spec", "containers", 0);
  const words = asArray(path(container, "args")).flatMap((word) => asString(word) ?? []);
  return { image: asString(path(container, "image")) ?? "", words };
}

/**
 * Brings the review gate up in its namespace, or what is missing of it, and waits until it answers. What is there as
 * wanted is left alone, so its sessions go on. @throws RefusedError
 */
export async function installGate(kube: KubeClient, args: SharingArgs, signal?: AbortSignal): Promise<void> {
  const { namespace = SANDBOXES_NAMESPACE, provider } = args;
  await ensureClientSecret(kube, namespace, "people" in provider);
  for (const object of sharingObjects(args)) await kube.apply(object, { ...OWNER, signal });
  const names = [REVIEW_GATE, ...("people" in provider ? [STAND_IN] : [])];
  for (const giveUp = Date.now() + READY_MS; ;) {
    const waiting = await asyncFilter(names, (name) => isStarting(kube, namespace, name, signal));
    if (waiting.length === 0) return;
    if (Date.now() > giveUp)
      throw new RefusedError(
        `${waiting.join(" and ")} did not become ready in ${READY_MS / 1000} s; see: kubectl -n ${namespace} describe pods -l app=${waiting[0] ?? ""}`,
      );
    await sleep(250, undefined, { signal });
  }
}

/** What the gate shows the provider. Of a stand-in both ends are ours; elsewhere the provider gave it. */
async function ensureClientSecret(kube: KubeClient, namespace: string, ours: boolean): Promise<void> {
  const ref = { apiVersion: "v1", kind: "Secret", name: CLIENT_SECRET, namespace };
  if (await kube.get(ref)) return;
  if (!ours)
    throw new RefusedError(
      `the gate needs what it shows the identity provider: kubectl -n ${namespace} create secret generic ${CLIENT_SECRET} --from-file=secret=<file>`,
    );
  const { apiVersion, kind } = ref;
  const stringData = { secret: randomBytes(32).toString("base64url") };
  try {
    await kube.create({ apiVersion, kind, metadata: { name: CLIENT_SECRET, namespace }, stringData }, OWNER);
  } catch (error) {
    // Another command was a moment earlier.
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}

async function isStarting(kube: KubeClient, namespace: string, name: string, signal?: AbortSignal): Promise<boolean> {
  const deployment = await kube.get({ apiVersion: "apps/v1", kind: "Deployment", name, namespace }, { signal });
  const status = (field: string) => asNumber(path(deployment, "status", field)) ?? 0;
  const isSeen = status("observedGeneration") >= (deployment?.metadata.generation ?? 1);
  return !(isSeen && status("updatedReplicas") === 1 && status("availableReplicas") === 1 && status("replicas") === 1);
}

async function asyncFilter<T>(all: readonly T[], is: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const verdicts = await Promise.all(all.map(is));
  return all.filter((_, index) => verdicts[index]);
}
