/** Changes of a collection as they happen. */
import type { IncomingMessage } from "node:http";
import { apiErrorOf, isApiError, KubeApiError, KubeUnreachableError } from "./errors";
import type { KubeObject } from "./objects";
import type { Transport } from "./transport";

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

export interface WatchSource {
  readonly transport: Transport;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly list: () => Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string }>;
  /** Told each time that all that is there has been reported. */
  readonly onListed?: (() => void) | undefined;
  readonly signal: AbortSignal;
}

/** The server ends a watch after this time; it is taken up again where it ended. */
const WATCH_SECONDS = 240;
const RETRY_MS = 500;

/**
 * What is there comes first, as ADDED. After a lost connection or an expired position the collection is listed anew, and
 * what changed meanwhile, deletions too, is reported as if it had been seen. Ends with the signal, by throwing its reason.
 */
export async function* watchEvents(source: WatchSource): AsyncGenerator<WatchEvent, never> {
  const { list, onListed, signal } = source;
  const known = new Map<string, KubeObject>();
  for (;;) {
    signal.throwIfAborted();
    try {
      const { items, resourceVersion } = await list();
      yield* difference(known, items);
      onListed?.();
      let position: string | undefined = resourceVersion;
      while (position !== undefined) position = yield* follow(source, position, known);
    } catch (error) {
      signal.throwIfAborted();
      const passing = error instanceof KubeUnreachableError || (error instanceof KubeApiError && error.status >= 429);
      if (!passing && !isApiError(error, "Expired")) throw error;
      await pause(RETRY_MS, signal);
    }
  }
}

/** One watch request; returns the position to go on from, or undefined when the collection must be listed anew. */
async function* follow(
  { transport, path, query, signal }: WatchSource,
  from: string,
  known: Map<string, KubeObject>,
): AsyncGenerator<WatchEvent, string | undefined> {
  let position = from;
  const response = await transport.open(path, {
    query: { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS, resourceVersion: from },
    signal,
  });
  try {
    if (response.statusCode !== 200) throw await refusal(response);
    for await (const line of linesOf(response)) {
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
      if (type === "ERROR") return undefined;
      position = object.metadata.resourceVersion ?? position;
      if (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED") continue; // a bookmark only moves the position
      remember(known, type, object);
      yield { type, object };
    }
    return position;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KubeApiError) throw error;
    return undefined;
  } finally {
    response.destroy();
  }
}

function remember(known: Map<string, KubeObject>, type: WatchEvent["type"], object: KubeObject): void {
  if (type === "DELETED") known.delete(keyOf(object));
  else known.set(keyOf(object), object);
}

function* difference(known: Map<string, KubeObject>, items: readonly KubeObject[]): Generator<WatchEvent> {
  const gone = new Map(known);
  for (const object of items) {
    const before = known.get(keyOf(object));
    gone.delete(keyOf(object));
    known.set(keyOf(object), object);
    if (before?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      yield { type: before ? "MODIFIED" : "ADDED", object };
    }
  }
  for (const [key, object] of gone) {
    known.delete(key);
    yield { type: "DELETED", object };
  }
}

const keyOf = ({ metadata }: KubeObject) => metadata.uid ?? `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) yield line;
  }
}

async function refusal(response: IncomingMessage): Promise<KubeApiError> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += String(chunk);
  return apiErrorOf(response.statusCode ?? 0, text);
}

/** Waits, or throws the signal's reason. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal?.reason instanceof Error ? signal.reason : new Error("stopped"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
