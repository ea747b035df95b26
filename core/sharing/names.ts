/** Names that the gate, the command line and a sandbox's objects share. */
import { sandboxHost, isSandboxName } from "../sandbox/name";

/** ConfigMap with what was granted of a sandbox, in the sandboxes' common namespace. */
export const grantsMap = (sandbox: string): string => `grants-${sandbox}`;

/** ConfigMap with what happened at its door, beside it; stays after the sandbox until the ledger has it all. */
export const recordsMap = (sandbox: string): string => `reviews-${sandbox}`;

/** Key of the one text in either. */
export const GRANTS_KEY = "grants.json";
export const RECORDS_KEY = "records.json";

/** Deployment, Service and account of the gate, and the filter of a sandbox's route. */
export const REVIEW_GATE = "review-gate";

/** Paths of a sandbox's host that its own program never sees. */
export const RESERVED_PATH = "/.review";

/** First label of the gate's own host, where people sign in and decide. */
const REVIEW_LABEL = "review";

/** Where people reach things: `http://review.localhost:8080` for the gate. */
export interface Door {
  /** Under which sandboxes have their hosts. */
  readonly domain: string;
  /** `http:` or `https:`. */
  readonly protocol: string;
  /** With its colon; empty for the protocol's own. */
  readonly port: string;
}

/** @param address of the gateway: `http://127.0.0.1:8080`. @param domain under which sandboxes have their hosts. */
export function doorAt(address: string, domain: string): Door {
  const { protocol, port } = new URL(address);
  return { domain, protocol, port: port === "" ? "" : `:${port}` };
}

/** @throws Error for an address that is no gate's. */
export function doorOf(publicUrl: string): Door {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  const domain = url?.hostname.startsWith(`${REVIEW_LABEL}.`) ? url.hostname.slice(REVIEW_LABEL.length + 1) : "";
  if (!url || domain === "" || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "")
    throw new Error(
      `the gate's address must be http(s)://${REVIEW_LABEL}.<domain of the sandboxes>, without a path, got "${publicUrl}"`,
    );
  return doorAt(url.href, domain);
}

export const reviewHost = ({ domain }: Door): string => `${REVIEW_LABEL}.${domain}`;
export const originOf = (door: Door, host: string): string => `${door.protocol}//${host}${door.port}`;
export const reviewUrl = (door: Door, sandbox: string): string =>
  `${originOf(door, reviewHost(door))}/sandboxes/${sandbox}`;
export const sandboxUrl = (door: Door, sandbox: string): string =>
  `${originOf(door, sandboxHost(sandbox, door.domain))}/`;

/** The sandbox that a host name belongs to: its own, or one below it. */
export function sandboxOfHost({ domain }: Door, host: string): string | undefined {
  if (!host.endsWith(`.${domain}`)) return undefined;
  const label = host
    .slice(0, -domain.length - 1)
    .split(".")
    .at(-1);
  return isSandboxName(label) ? label : undefined;
}

/** A Host header as a name: lower case, no port, no closing dot. `undefined` for what is none. */
export function hostNameOf(header: string | undefined): string | undefined {
  const [, name] = /^([a-z0-9.-]{1,253}?)\.?(?::\d{1,5})?$/i.exec(header ?? "") ?? [];
  return name?.toLowerCase();
}
