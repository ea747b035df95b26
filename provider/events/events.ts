import { eventOf, type Happening } from "../../core/events/event";
import { dueAt, isStale } from "../../core/events/retry";
import { asString, path } from "../../core/json";
import { reasonOf } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { Outbox, type Entry } from "./outbox";
import { EventRefused, openSink, type Sink, type SinkSettings } from "./sinks";

/** Secret with the keys `url` and, if the sink asks for it, `authorization`. */
export const SINK_SECRET = "events-sink";

/** What an emitter may cost whoever does something worth telling. */
const KEEP_MS = 5_000;
const DELIVER_MS = 3_000;
/** More than these wait for a sink that is no more. */
const MOST_WAITING = 2_000;

export interface EventsOptions {
  readonly kube: KubeClient;
  /** Namespace of what sandboxes share: outbox and {@link SINK_SECRET} are there. */
  readonly namespace: string;
  /** Told what could not be told to others. */
  readonly progress: (message: string) => void;
}

/**
 * Tells others what happens to sandboxes: at least once, in order, and without ever failing or holding up who does it.
 * An event is kept in the cluster first and leaves it when the sink has said that it has it.
 */
export class Events {
  private readonly outbox: Outbox;

  constructor(private readonly options: EventsOptions) {
    this.outbox = new Outbox(options.kube, options.namespace);
  }

  /** Where no sink is named there is nobody to tell. Never rejects. */
  async emit(happening: Happening): Promise<void> {
    try {
      const settings = await this.settings(AbortSignal.timeout(KEEP_MS));
      if (!settings) return;
      const event = eventOf(happening, `/hms/clusters/${this.options.kube.context}`);
      await this.outbox.put(event, AbortSignal.timeout(KEEP_MS));
      await this.deliver(settings, AbortSignal.timeout(DELIVER_MS));
    } catch (error) {
      this.options.progress(`${happening.sandbox}: nobody was told that it is ${happening.kind}: ${reasonOf(error)}`);
    }
  }

  /** Delivers what waits and is due; the number of events that were. Never rejects. */
  async flush(signal: AbortSignal): Promise<number> {
    try {
      const settings = await this.settings(signal);
      return settings ? await this.deliver(settings, signal) : 0;
    } catch (error) {
      this.options.progress(`events wait on: ${reasonOf(error)}`);
      return 0;
    }
  }

  private async settings(signal: AbortSignal): Promise<SinkSettings | undefined> {
    const { kube, namespace } = this.options;
    const secret = await kube.get({ apiVersion: "v1", kind: "Secret", namespace, name: SINK_SECRET }, { signal });
    const data = (key: string): string | undefined => {
      const text = asString(path(secret, "data", key));
      return text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8").trim();
    };
    const [url, authorization] = [data("url"), data("authorization")];
    if (secret && url === undefined)
      throw new Error(`Secret ${namespace}/${SINK_SECRET} has no key url; write the address of the sink there`);
    return url === undefined ? undefined : { url, ...(authorization === undefined ? {} : { authorization }) };
  }

  /** One after the other, for a later one may make no sense without the one before. */
  private async deliver(settings: SinkSettings, signal: AbortSignal): Promise<number> {
    const waiting = await this.withoutHopeless(await this.outbox.waiting(signal), signal);
    const now = new Date();
    const willing = waiting.filter((entry) => !entry.refused || dueAt(entry) <= now);
    if (!willing[0] || dueAt(willing[0]) > now) return 0;
    const sink = openSink(settings);
    let delivered = 0;
    try {
      for (const entry of willing) {
        const outcome = await this.handOver(sink, entry, signal);
        if (outcome === "failed") break;
        if (outcome === "delivered") delivered++;
      }
    } finally {
      await sink.close();
    }
    return delivered;
  }

  private async handOver(sink: Sink, entry: Entry, signal: AbortSignal): Promise<"delivered" | "refused" | "failed"> {
    try {
      await sink.deliver(entry.event, signal);
    } catch (error) {
      const refused = error instanceof EventRefused;
      const { type, subject } = entry.event;
      this.options.progress(`${type} of ${subject} waits: ${reasonOf(error)}`);
      // The time for delivering may be what is over; what was tried is kept all the same.
      await this.outbox.failed(entry, refused, new Date(), AbortSignal.timeout(KEEP_MS));
      return refused ? "refused" : "failed";
    }
    await this.outbox.remove(entry, AbortSignal.timeout(KEEP_MS));
    return "delivered";
  }

  private async withoutHopeless(waiting: readonly Entry[], signal: AbortSignal): Promise<readonly Entry[]> {
    const now = new Date();
    const surplus = Math.max(0, waiting.length - MOST_WAITING);
    const dropped = waiting.filter((entry, i) => i < surplus || isStale(entry, now));
    for (const entry of dropped) {
      const { type, subject, time } = entry.event;
      this.options.progress(`dropped ${type} of ${subject} (${time}): the sink did not take it`);
      await this.outbox.remove(entry, signal);
    }
    return waiting.filter((entry) => !dropped.includes(entry));
  }
}
