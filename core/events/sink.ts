/** Where events go: a webhook, or a subject of a NATS JetStream. */
export type SinkAddress =
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "nats"; readonly servers: string; readonly subject: string };

/** A subject that can be published to: words without blanks, and no wildcard. */
const SUBJECT = /^[^\s.*>]+(\.[^\s.*>]+)*$/;
const SCHEMES = "http://…, https://…, nats://host:port/subject or tls://host:port/subject";

/**
 * @param url `https://host/path` or `nats://host:port/subject`.
 * @throws Error that does not repeat the address: it may hold a password.
 */
export function parseSink(url: string): SinkAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed) throw new Error(`the address of the sink is no URL; allowed are ${SCHEMES}`);
  const { protocol, username, password } = parsed;
  if (username !== "" || password !== "")
    throw new Error("the address of the sink holds a user; write it under `authorization`, which is never printed");
  if (protocol === "http:" || protocol === "https:") return { kind: "http", url };
  if (protocol !== "nats:" && protocol !== "tls:")
    throw new Error(`the address of the sink begins with ${protocol}; allowed are ${SCHEMES}`);
  const subject = decodeURIComponent(parsed.pathname.slice(1));
  if (!SUBJECT.test(subject))
    throw new Error("the address of the sink names no subject; write it as the path: nats://host:port/hms.sandboxes");
  return { kind: "nats", servers: `${protocol}//${parsed.host}`, subject };
}
