import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AlertLabel } from "../core/freeze/alert";
import { reasonOf, RefusedError } from "../platform/errors";
import { freezeReceiver, listen, type ReceiverParts } from "../provider/freeze/receiver";
import { UsageError, type Invocation, type OptionSpec } from "./command";

export const SERVE_OPTIONS: readonly OptionSpec[] = [
  { flags: "--listen <host:port>", description: "where to listen", default: "127.0.0.1:9097" },
  { flags: "--label <name=value>", description: "label of the alerts that freeze", default: "freeze=true" },
  {
    flags: "--token-file <path>",
    description: "file with the bearer token that senders show; without it, only this machine may send",
  },
];

/** Receives until it is stopped. @throws UsageError, RefusedError before it listens. */
export async function serveFreeze(
  invocation: Invocation,
  parts: Pick<ReceiverParts, "store" | "stack" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const { host, port } = addressOf(invocation.required("listen"));
  const label = labelOf(invocation.required("label"));
  const token = tokenOf(invocation.text("tokenFile"));
  if (token === undefined && !["127.0.0.1", "::1", "localhost"].includes(host))
    throw new UsageError(
      `--listen ${host} is reached from other machines: give a --token-file, or listen on 127.0.0.1`,
    );
  const server = freezeReceiver({ ...parts, label, ...(token === undefined ? {} : { token }) });
  const address = await listen(server, host, port, signal).catch((error: unknown) => {
    throw new RefusedError(`cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error });
  });
  parts.log(`receiving alerts with ${label.name}=${label.value} at ${address}, for ${parts.store.where}`);
  if (!signal.aborted) await once(server, "close");
}

/** `host:port`, an address of IPv6 in brackets. @throws UsageError */
export function addressOf(text: string, option = "listen"): { host: string; port: number } {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535)
    throw new UsageError(`--${option}: got "${text}"; allowed is host:port such as 127.0.0.1:9097`);
  return { host, port: Number(port) };
}

function labelOf(text: string): AlertLabel {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`--label: got "${text}"; allowed is name=value such as freeze=true`);
  return { name, value };
}

function tokenOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new RefusedError(`the token file ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  // What anybody could guess protects nothing.
  if (token.length < 16)
    throw new RefusedError(`the token in ${file} is shorter than 16 characters; write a longer one`);
  return token;
}
