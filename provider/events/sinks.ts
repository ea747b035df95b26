import type { CloudEvent } from "../../core/events/event";
import { parseSink, type SinkAddress } from "../../core/events/sink";
import { reasonOf } from "../../platform/errors";

/** Where events go, and what proves who sends them. */
export interface SinkSettings {
  readonly url: string;
  /** Of a webhook: the value of its `authorization` header. Of NATS: `token …` or `user:password`. */
  readonly authorization?: string;
}

/** The sink will never take this event, whatever it thinks of others. */
export class EventRefused extends Error {
  override readonly name = "EventRefused";
}

/** Takes events one by one. A rejection means that it may not have come; the message holds no credential. */
export interface Sink {
  deliver(event: CloudEvent, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const CONTENT_TYPE = "application/cloudevents+json; charset=utf-8";
const CONNECT_MS = 2_000;
/** Bad request, too large, of a kind not known, not to be processed: about the event, not about the webhook. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** @throws Error for an address that is none; it does not repeat it. */
export function openSink(settings: SinkSettings): Sink {
  const address = parseSink(settings.url);
  return address.kind === "http" ? webhook(address, settings) : jetStream(address, settings);
}

/** The HTTP binding of CloudEvents, structured: any 2xx says that it is kept. */
function webhook({ url }: SinkAddress & { kind: "http" }, { authorization }: SinkSettings): Sink {
  const headers = { "content-type": CONTENT_TYPE, ...(authorization === undefined ? {} : { authorization }) };
  return {
    async deliver(event, signal) {
      // What it redirects to was named by nobody here, and would be shown the credential.
      const init = { method: "POST", headers, body: JSON.stringify(event), signal, redirect: "manual" } as const;
      const answer = await fetch(url, init).catch((error: unknown) => {
        throw new Error(`the webhook does not answer: ${causeOf(error)}`);
      });
      await answer.body?.cancel();
      if (REFUSALS.has(answer.status)) throw new EventRefused(`the webhook refuses it with ${answer.status}`);
      if (!answer.ok) throw new Error(`the webhook answers ${answer.status}`);
    },
    close: () => Promise.resolve(),
  };
}

/** fetch says "fetch failed" and hides why; the system's word for it names no more than an address. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : reasonOf(error);
}

/** A stream's acknowledgement says that it is kept; the id keeps a second one of the same event out. */
function jetStream({ servers, subject }: SinkAddress & { kind: "nats" }, { authorization }: SinkSettings): Sink {
  const open = async () => {
    const connection = await (
      await natsClient()
    ).connect({
      ...{ servers, timeout: CONNECT_MS, reconnect: false, name: "hms" },
      ...credentialsOf(authorization),
    });
    return { connection, stream: (await natsClient()).jetstream(connection) };
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async deliver(event, signal) {
      signal.throwIfAborted();
      const { stream } = await (opened ??= open()).catch((error: unknown) => {
        opened = undefined;
        throw new Error(`the broker does not answer: ${reasonOf(error)}`);
      });
      await stream
        .publish(subject, JSON.stringify(event), { msgID: event.id, timeout: CONNECT_MS })
        .catch((error: unknown) => {
          throw new Error(`no stream of the broker keeps ${subject}: ${reasonOf(error)}`);
        });
    },
    async close() {
      const { connection } = (await opened?.catch(() => undefined)) ?? {};
      await connection?.close();
    },
  };
}

function credentialsOf(authorization: string | undefined) {
  if (authorization === undefined) return {};
  const token = /^token (.+)$/.exec(authorization)?.[1];
  if (token !== undefined) return { token };
  const colon = authorization.indexOf(":");
  return { user: authorization.slice(0, colon), pass: authorization.slice(colon + 1) };
}

/** What is used of the client of NATS. Its own types are behind `exports`, which the resolution of this project's types does not read. */
interface NatsClient {
  connect(options: Readonly<Record<string, unknown>>): Promise<NatsConnection>;
  jetstream(connection: NatsConnection): {
    publish(subject: string, payload: string, options: { msgID: string; timeout: number }): Promise<unknown>;
  };
}

interface NatsConnection {
  close(): Promise<void>;
}

async function natsClient(): Promise<NatsClient> {
  const [{ connect }, { jetstream }] = (await Promise.all([
    import("@nats-io/transport-node"),
    import("@nats-io/jetstream"),
  ])) as unknown as readonly [Pick<NatsClient, "connect">, Pick<NatsClient, "jetstream">];
  return { connect, jetstream };
}
