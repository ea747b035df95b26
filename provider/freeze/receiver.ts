import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { effectOf, readNotification, type AlertEffect, type AlertLabel } from "../../core/freeze/alert";
import { withFlag, withFlagsLeft } from "../../core/freeze/change";
import { reasonOf } from "../../platform/errors";
import { bodyOf } from "../../platform/httpBody";
import type { FreezeStore } from "./store";

export interface ReceiverParts {
  readonly store: FreezeStore;
  /** The only stack that alerts freeze. */
  readonly stack: string;
  readonly label: AlertLabel;
  /** What senders must show; left out: everybody who reaches it may, so it listens on this machine alone. */
  readonly token?: string;
  readonly log: (message: string) => void;
}

/** Alertmanager's own bodies are some kilobytes. */
const LONGEST_BODY = 1024 * 1024;
const READ_MS = 10_000;

/**
 * Receives Alertmanager's notifications: alerts with the label raise a flag, and lower their own when they are resolved.
 * What it cannot write it answers with 503, and Alertmanager sends it again; what is no notification with 4xx.
 */
export function freezeReceiver(parts: ReceiverParts): Server {
  // One after the other: two notifications at once would only race for the same store.
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    const answered = answer(parts, request, (effect) => {
      const mine = turn.then(() => apply(parts, effect));
      turn = mine.catch(() => undefined);
      return mine;
    });
    answered.then(
      ([status, body]) => {
        send(response, status, body);
      },
      (error: unknown) => {
        parts.log(`cannot write: ${reasonOf(error)}`);
        send(response, 503, { error: `the freeze cannot be written: ${reasonOf(error)}` });
      },
    );
  });
  server.requestTimeout = READ_MS;
  return server;
}

type Answer = readonly [status: number, body: Readonly<Record<string, unknown>>];

async function answer(
  parts: ReceiverParts,
  request: IncomingMessage,
  write: (effect: AlertEffect) => Promise<void>,
): Promise<Answer> {
  const [path = "/"] = (request.url ?? "/").split("?");
  if (path === "/healthz" && request.method === "GET") return [200, { status: "ok" }];
  if (path !== "/" && path !== "/alertmanager") return [404, { error: `nothing is at ${path}; send to /alertmanager` }];
  if (request.method !== "POST") return [405, { error: `${request.method ?? ""} is not understood; send a POST` }];
  if (!isAllowed(parts.token, request)) {
    parts.log(`refused a sender without the token (${request.socket.remoteAddress ?? "unknown"})`);
    return [401, { error: "the bearer token is missing or wrong" }];
  }
  const text = await bodyOf(request, LONGEST_BODY);
  if (text === undefined) return [413, { error: `the body is longer than ${LONGEST_BODY} bytes` }];
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [400, { error: "the body is no JSON" }];
  }
  const said = readNotification(body);
  if ("problem" in said) return [400, { error: `no Alertmanager notification of version 4: ${said.problem}` }];
  const effect = effectOf(said, parts.label, parts.stack);
  if (effect.raised.length + effect.lowered.length > 0) await write(effect);
  return [200, { raised: effect.raised.map(({ id }) => id), lowered: effect.lowered }];
}

async function apply({ store, log }: ReceiverParts, { raised, lowered }: AlertEffect): Promise<void> {
  await store.update((texts) => {
    const left =
      texts.flag === undefined
        ? texts
        : withFlagsLeft(texts, (flag) => (lowered.includes(flag.id ?? "") ? undefined : flag));
    return raised.reduce(withFlag, left);
  });
  for (const { reason, link = "no link" } of raised) log(`raised: ${reason} (${link})`);
  for (const id of lowered) log(`lowered: ${id}`);
}

/** Compared by digests, so that the time it takes tells nothing of the token. */
function isAllowed(token: string | undefined, { headers }: IncomingMessage): boolean {
  if (token === undefined) return true;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  // A body that is too long is not read to its end.
  const close = status === 413 ? { Connection: "close" } : {};
  response.writeHead(status, { "Content-Type": "application/json", ...close });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Listens until the signal. @returns the address when it does. @throws Error when it cannot. */
export function listen(server: Server, host: string, port: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      resolve(`http://${host.includes(":") ? `[${host}]` : host}:${bound}/alertmanager`);
    });
    signal.addEventListener(
      "abort",
      () => {
        server.close();
        server.closeAllConnections();
      },
      { once: true },
    );
  });
}
