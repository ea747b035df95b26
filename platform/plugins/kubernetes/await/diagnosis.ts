/** Why pods are not ready, and whether waiting longer can help. Pure: pods in, troubles out. */
import type { KubeObject } from "../../../kube/client";
import { conditionOf, part } from "./readiness";

export interface Trouble {
  readonly pod: string;
  readonly container?: string;
  readonly reason: string;
  readonly message: string;
  /** Its log has something to say. */
  readonly crashed: boolean;
  /** Seconds this trouble may last before the wait is given up; undefined: as long as the time-out allows. */
  readonly patience: number | undefined;
}

/**
 * How long a trouble that hardly ever passes by itself may last. A few seconds, because another resource of the same
 * update (the image just pushed, the ConfigMap just written) may be what is missing.
 */
export const PATIENCE_SECONDS = {
  /** The registry answered: there is no such image, or not for us. */
  imageRefused: 6,
  imageNameInvalid: 0,
  /** A ConfigMap, Secret or key that the container needs is missing. */
  configMissing: 10,
  /** Started three times and ended three times. The kubelet takes about 12 s for that. */
  crashing: 0,
} as const;

const CRASHES = 2;
/** One pod of several that crashes may be its node's fault; it gets more tries while others of its kind run. */
const CRASHES_BESIDE_READY_PODS = 5;

const IMAGE_REFUSED =
  /not found|manifest unknown|name unknown|unauthorized|denied|forbidden|does not exist|no such host.*\.invalid/i;

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: StateDetail; readonly terminated?: Ended };
  readonly lastState?: { readonly terminated?: Ended };
}
interface StateDetail {
  readonly reason?: string;
  readonly message?: string;
}
interface Ended extends StateDetail {
  readonly exitCode?: number;
  readonly signal?: number;
}

export function troublesOf(pods: readonly KubeObject[]): Trouble[] {
  const others = pods.some((pod) => conditionOf(pod, "Ready")?.status === "True");
  return pods.flatMap((pod) => podTroubles(pod, others ? CRASHES_BESIDE_READY_PODS : CRASHES));
}

function podTroubles(pod: KubeObject, crashes: number): Trouble[] {
  if (pod.metadata.deletionTimestamp !== undefined || conditionOf(pod, "Ready")?.status === "True") return [];
  const name = pod.metadata.name ?? "";
  const { initContainerStatuses, containerStatuses } = part(pod, "status");
  const containers = [initContainerStatuses, containerStatuses].flatMap((list) =>
    Array.isArray(list) ? (list as ContainerStatus[]) : [],
  );
  const troubles = containers.flatMap((container) => containerTrouble(name, container, crashes) ?? []);
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    const message = scheduled.message ?? "no node takes it";
    troubles.push({
      pod: name,
      reason: scheduled.reason ?? "Unschedulable",
      message,
      crashed: false,
      patience: undefined,
    });
  }
  return troubles;
}

function containerTrouble(pod: string, status: ContainerStatus, crashes: number): Trouble | undefined {
  const { name: container, state, lastState, restartCount = 0 } = status;
  const ended = state?.terminated ?? lastState?.terminated;
  const about = { pod, container };
  const wait = state?.waiting;
  if (wait?.reason === undefined) {
    const lost = state?.terminated;
    if (!lost || lost.exitCode === 0) return undefined;
    return { ...about, reason: lost.reason ?? "Error", message: ending(lost), crashed: true, patience: undefined };
  }
  const message = wait.message ?? "";
  const trouble = { ...about, reason: wait.reason, message, crashed: false };
  switch (wait.reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "RegistryUnavailable":
      return { ...trouble, patience: IMAGE_REFUSED.test(message) ? PATIENCE_SECONDS.imageRefused : undefined };
    case "InvalidImageName":
    case "ErrImageNeverPull":
      return { ...trouble, patience: PATIENCE_SECONDS.imageNameInvalid };
    case "CreateContainerConfigError":
      return { ...trouble, patience: PATIENCE_SECONDS.configMissing };
    case "CreateContainerError":
    case "RunContainerError":
      return { ...trouble, patience: restartCount >= crashes ? PATIENCE_SECONDS.crashing : undefined };
    case "CrashLoopBackOff": {
      const how = ended ? `${ending(ended)}, restarted ${restartCount} times` : message;
      const patience = restartCount >= crashes ? PATIENCE_SECONDS.crashing : undefined;
      return { ...trouble, message: how, crashed: true, patience };
    }
    case "ContainerCreating":
    case "PodInitializing":
      return undefined;
    default:
      return { ...trouble, patience: undefined };
  }
}

function ending({ exitCode, signal, reason, message }: Ended): string {
  const how = signal ? `ended by signal ${signal}` : `exit code ${exitCode ?? "unknown"}`;
  const why = reason && reason !== "Error" && reason !== "Completed" ? ` (${reason})` : "";
  return `${how}${why}${message ? `: ${message}` : ""}`;
}

/** `pod web-1, container app: ImagePullBackOff: …` */
export function describeTrouble({ pod, container, reason, message }: Trouble): string {
  const where = container === undefined ? `pod ${pod}` : `pod ${pod}, container ${container}`;
  return `${where}: ${reason}${message ? `: ${message}` : ""}`;
}

/** Remembers since when each trouble has lasted, across looks. */
export class TroubleClock {
  private readonly since = new Map<string, number>();

  /** The troubles that have outlasted their patience at `now` (ms). */
  overdue(troubles: readonly Trouble[], now: number): Trouble[] {
    const keys = new Set(troubles.map(keyOf));
    for (const key of this.since.keys()) if (!keys.has(key)) this.since.delete(key);
    return troubles.filter((trouble) => {
      const since = this.since.get(keyOf(trouble)) ?? now;
      this.since.set(keyOf(trouble), since);
      return trouble.patience !== undefined && now - since >= trouble.patience * 1000;
    });
  }
}

/** Pulling and backing off are one trouble, seen at two moments. */
function keyOf({ pod, container, reason, patience }: Trouble): string {
  const image = reason === "ErrImagePull" || reason === "ImagePullBackOff";
  return [pod, container, image ? "image" : `${reason}/${patience ?? "any"}`].join("/");
}
