import type { Credentials } from "./credentials";
import { textIn } from "./json";
import type { Reference } from "./reference";

/** Every form of a manifest that a registry may answer with. */
export const MANIFESTS = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
].join(", ");

export type Lookup =
  | { readonly found: true; readonly digest: string }
  /** `gone`: the registry says that there is no such image. Otherwise it could not be asked. */
  | { readonly found: false; readonly gone: boolean; readonly reason: string };

/** Asks the registry itself for the digest of an image, without pulling it. */
export async function lookUp(
  reference: Reference,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<Lookup> {
  const host = reference.registry === "docker.io" ? "registry-1.docker.io" : reference.registry;
  const which = reference.digest ?? reference.tag ?? "latest";
  const url = `${isLocal(host) ? "http" : "https"}://${host}/v2/${reference.repository}/manifests/${which}`;
  try {
    let response = await head(url, signal, basic(credentials));
    if (response.status === 401) {
      const token = await tokenFor(response.headers.get("www-authenticate") ?? "", credentials, signal);
      if (token !== undefined) response = await head(url, signal, `Bearer ${token}`);
    }
    const digest = response.headers.get("docker-content-digest");
    if (response.ok && digest !== null) return { found: true, digest };
    // Only a registry's own 404 counts: any web server answers 404.
    const gone = response.status === 404 && response.headers.has("docker-distribution-api-version");
    return { found: false, gone, reason: `${host} answered ${response.status} for ${reference.repository}:${which}` };
  } catch (error) {
    if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    return { found: false, gone: false, reason: `${host} cannot be asked: ${why}` };
  }
}

const isTimeout = (reason: unknown): boolean => reason instanceof Error && reason.name === "TimeoutError";

/** Whether a registry is this machine's own, which is asked by plain http. */
export const isLocal = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host);

const head = (url: string, signal: AbortSignal, authorization: string | undefined): Promise<Response> =>
  fetch(url, {
    method: "HEAD",
    signal,
    headers: { accept: MANIFESTS, ...(authorization === undefined ? {} : { authorization }) },
  });

/** The header for who we are, if that is known. */
export const basic = (credentials: Credentials | undefined): string | undefined =>
  credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;

/** The token that the registry's challenge asks for. */
export async function tokenFor(
  challenge: string,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!/^bearer /i.test(challenge)) return undefined;
  const asked = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
  const realm = asked.get("realm");
  // Credentials go over TLS only, and only where the registry sends us.
  if (realm === undefined || !realm.startsWith("https://")) return undefined;
  const url = new URL(realm);
  for (const name of ["service", "scope"]) {
    const value = asked.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const authorization = basic(credentials);
  const response = await fetch(url, { signal, headers: authorization === undefined ? {} : { authorization } });
  if (!response.ok) return undefined;
  const answer: unknown = await response.json();
  return textIn(answer, "token") ?? textIn(answer, "access_token");
}
