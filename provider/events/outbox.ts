import type { CloudEvent } from "../../core/events/event";
import type { Waiting } from "../../core/events/retry";
import { asString, path } from "../../core/json";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { isApiError, isNotFound } from "../../platform/kube/errors";

const MANAGER = "hms-events";
const LABEL = "hms.delivery/event";
const SELECTOR = `${LABEL}=waiting`;

/** An event that nobody has taken yet. */
export interface Entry extends Waiting {
  readonly event: CloudEvent;
  /** The sink would not have it, and took others. */
  readonly refused: boolean;
}

/**
 * Events that wait to be delivered: a ConfigMap each, so that they outlive whoever emitted them, and that anybody who
 * passes by (a command, the reaper, the review gate) delivers them.
 */
export class Outbox {
  constructor(
    private readonly kube: KubeClient,
    private readonly namespace: string,
  ) {}

  /** Twice the same event is one. */
  async put(event: CloudEvent, signal: AbortSignal): Promise<void> {
    const { apiVersion, kind, namespace, name } = this.ref(event);
    const metadata = { name, namespace, labels: { [LABEL]: "waiting", "app.kubernetes.io/managed-by": "hms" } };
    const data = { event: JSON.stringify(event), attempts: "0", since: event.time };
    try {
      await this.kube.create({ apiVersion, kind, metadata, data }, { fieldManager: MANAGER, signal });
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
    }
  }

  /** Oldest first; what is no event of ours is left alone. */
  async waiting(signal: AbortSignal): Promise<readonly Entry[]> {
    const maps = await this.kube.list(
      { apiVersion: "v1", kind: "ConfigMap", namespace: this.namespace },
      { labelSelector: SELECTOR, signal },
    );
    return maps
      .flatMap((map) => entryOf(map) ?? [])
      .sort((a, b) => a.since.getTime() - b.since.getTime() || (a.event.id < b.event.id ? -1 : 1));
  }

  async failed({ event, attempts }: Entry, refused: boolean, now: Date, signal: AbortSignal): Promise<void> {
    const data = { attempts: String(attempts + 1), tried: now.toISOString(), refused: String(refused) };
    try {
      await this.kube.patch(this.ref(event), { data }, { type: "merge", fieldManager: MANAGER, signal });
    } catch (error) {
      // Somebody else has delivered it meanwhile.
      if (!isNotFound(error)) throw error;
    }
  }

  async remove({ event }: Entry, signal: AbortSignal): Promise<void> {
    await this.kube.delete(this.ref(event), { signal });
  }

  private ref({ id }: CloudEvent) {
    return { apiVersion: "v1", kind: "ConfigMap", namespace: this.namespace, name: `event-${id}` };
  }
}

function entryOf(map: KubeObject): Entry | undefined {
  const data = (key: string): string | undefined => asString(path(map, "data", key));
  const [text, since, tried] = [data("event"), data("since"), data("tried")];
  if (text === undefined || since === undefined) return undefined;
  try {
    const event = JSON.parse(text) as CloudEvent;
    const waiting = { event, attempts: Number(data("attempts") ?? 0), since: new Date(since) };
    const refused = data("refused") === "true";
    return { ...waiting, refused, ...(tried === undefined ? {} : { tried: new Date(tried) }) };
  } catch {
    return undefined;
  }
}
