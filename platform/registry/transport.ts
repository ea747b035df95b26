import { reasonOf, RefusedError } from "../errors";
import type { Credentials } from "../plugins/docker/credentials";
import { basic, isLocal, tokenFor } from "../plugins/docker/registry";

/** A registry could not be asked, or gave no answer to go by: that says nothing about an image. */
export class RegistryUnreachable extends RefusedError {
  override readonly name = "RegistryUnreachable";
}

/** For one request and its answer's headers. */
const PATIENCE_MS = 20_000;

/**
 * Requests to one registry of the OCI distribution API, which shows who we are when it asks. Plain http for this machine's
 * own, https for every other.
 */
export class RegistryTransport {
  /** Authorization by what is asked for: a token for one repository is none for another, one for reading none for writing. */
  private readonly known = new Map<string, string>();

  /** @param host `127.0.0.1:5000`, as images name it. */
  constructor(
    readonly host: string,
    private readonly credentials: Credentials | undefined,
  ) {}

  /**
   * @param at below `/v2/`, or a whole address, as the registry gives one for an upload.
   * @throws RegistryUnreachable when it does not answer; its answers, good or bad, are the caller's.
   */
  async send(at: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const url = new URL(at, `${this.base}/v2/`);
    const scope = `${READING.has(init.method ?? "GET") ? "read" : (init.method ?? "")} ${repositoryOf(url)}`;
    const first = await this.fetch(url, init, this.known.get(scope), signal);
    if (first.status !== 401) return first;
    const authorization = await this.authorize(first.headers.get("www-authenticate") ?? "", signal);
    if (authorization === undefined) return first;
    await first.body?.cancel();
    this.known.set(scope, authorization);
    return this.fetch(url, init, authorization, signal);
  }

  private get base(): string {
    const { host } = this;
    return `${isLocal(host) ? "http" : "https"}://${host === "docker.io" ? "registry-1.docker.io" : host}`;
  }

  private async authorize(challenge: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (/^basic/i.test(challenge)) return basic(this.credentials);
    const token = await this.reach(() => tokenFor(challenge, this.credentials, within(signal)), signal);
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  private fetch(url: URL, init: RequestInit, authorization: string | undefined, signal: AbortSignal | undefined) {
    const headers = new Headers(init.headers);
    // An upload may be sent elsewhere, to where who we are is nobody's business.
    if (authorization !== undefined && url.origin === new URL(this.base).origin)
      headers.set("authorization", authorization);
    return this.reach(() => fetch(url, { ...init, headers, signal: within(signal) }), signal);
  }

  private async reach<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      signal?.throwIfAborted();
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw new RegistryUnreachable(`the registry ${this.host} does not answer (${reasonOf(cause)})`, { cause: error });
    }
  }
}

const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);

const repositoryOf = ({ pathname }: URL): string => pathname.split(/\/(?:manifests|blobs|tags|referrers)\//)[0] ?? "";

function within(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}
