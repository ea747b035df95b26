import { createHash } from "node:crypto";
import type { Credentials } from "../../platform/plugins/docker/credentials";
import { RegistryTransport } from "../../platform/registry/transport";

/** What a registry said. */
export interface OciAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Digest of the text itself: what a registry says of it is not believed. */
  readonly digest: string;
  readonly json: () => unknown;
}

/** Asks one registry, and has its answers whole. */
export class OciClient {
  private readonly transport: RegistryTransport;

  constructor(host: string, credentials: Credentials | undefined) {
    this.transport = new RegistryTransport(host, credentials);
  }

  /**
   * @param at below `/v2/`.
   * @throws RegistryUnreachable when it does not answer; its answers, good or bad, are the caller's.
   */
  async ask(method: string, at: string, signal: AbortSignal, accept?: string): Promise<OciAnswer> {
    const init = { method, ...(accept === undefined ? {} : { headers: { accept } }) };
    return answerOf(await this.transport.send(at, init, signal));
  }
}

async function answerOf(response: Response): Promise<OciAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    headers: response.headers,
    text: bytes.toString(),
    digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    json: () => JSON.parse(bytes.toString()) as unknown,
  };
}
