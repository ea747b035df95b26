import { createHash } from "node:crypto";
import { RefusedError } from "../errors";
import type { Credentials } from "../plugins/docker/credentials";
import { MANIFESTS } from "../plugins/docker/registry";
import { RegistryTransport, RegistryUnreachable } from "./transport";

/** A manifest as the registry gave it; whether its bytes are those of a digest is for the reader to see. */
export interface StoredManifest {
  readonly bytes: Buffer;
  /** What these bytes are, by our own count. */
  readonly digest: string;
  readonly mediaType: string;
}

/** Signatures and attestations are small; what is larger is not read into memory for them. */
const LARGEST_BLOB = 64 * 1024 * 1024;
const REGISTRY_MARK = "docker-distribution-api-version";

/** Reads and stores what stands beside images in one OCI registry. */
export class RegistryClient {
  private readonly transport: RegistryTransport;

  /** @param host `127.0.0.1:5000`, as images name it. */
  constructor(
    readonly host: string,
    credentials?: Credentials,
  ) {
    this.transport = new RegistryTransport(host, credentials);
  }

  /** What a tag or digest names; `undefined` when the registry says that there is no such thing. */
  async manifest(repository: string, reference: string, signal?: AbortSignal): Promise<StoredManifest | undefined> {
    const answer = await this.ask(repository, `manifests/${reference}`, { headers: { accept: MANIFESTS } }, signal);
    if (answer.status === 404) return undefined;
    const bytes = await this.bytesOf(answer, `${repository}:${reference}`);
    return { bytes, digest: digestOf(bytes), mediaType: answer.headers.get("content-type") ?? "" };
  }

  /** The digest that a tag names now, as the registry says. */
  async digestOf(repository: string, tag: string, signal?: AbortSignal): Promise<string | undefined> {
    const request = { method: "HEAD", headers: { accept: MANIFESTS } };
    const answer = await this.ask(repository, `manifests/${tag}`, request, signal);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw this.refused(answer, `${repository}:${tag}`);
    return answer.headers.get("docker-content-digest") ?? undefined;
  }

  /** A blob, if its bytes are those of its digest; `undefined` when it is not there or is something else. */
  async blob(repository: string, digest: string, signal?: AbortSignal): Promise<Buffer | undefined> {
    const answer = await this.ask(repository, `blobs/${digest}`, {}, signal);
    if (answer.status === 404) return undefined;
    const bytes = await this.bytesOf(answer, `${repository}@${digest}`);
    return digestOf(bytes) === digest ? bytes : undefined;
  }

  /** Stores a blob unless it is there. */
  async putBlob(repository: string, bytes: Buffer, signal?: AbortSignal): Promise<void> {
    const digest = digestOf(bytes);
    const there = await this.ask(repository, `blobs/${digest}`, { method: "HEAD" }, signal);
    if (there.ok) return;
    const begun = await this.ask(repository, "blobs/uploads/", { method: "POST" }, signal);
    const location = begun.headers.get("location");
    if (!begun.ok || location === null) throw this.refused(begun, `an upload to ${repository}`);
    const target = `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
    const headers = { "content-type": "application/octet-stream" };
    const stored = await this.transport.send(target, { method: "PUT", body: new Uint8Array(bytes), headers }, signal);
    if (!stored.ok) throw this.refused(stored, `a part for ${repository}`, await stored.text());
  }

  /** Stores a manifest under a tag. @throws RefusedError where tags may not be put on something else. */
  async putManifest(
    repository: string,
    tag: string,
    { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Buffer },
    signal?: AbortSignal,
  ): Promise<void> {
    const request = { method: "PUT", body: new Uint8Array(bytes), headers: { "content-type": mediaType } };
    const stored = await this.ask(repository, `manifests/${tag}`, request, signal);
    if (stored.ok) return;
    const said = await stored.text();
    if (/TAG_?INVALID|immutable/i.test(said))
      throw new RefusedError(
        `${this.host} lets no tag be moved in ${repository}, and ${tag} is there: exclude sha256-* from tag immutability, for signatures are added under one tag`,
      );
    throw this.refused(stored, `${repository}:${tag}`, said);
  }

  private async ask(repository: string, rest: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const answer = await this.transport.send(`${repository}/${rest}`, init, signal);
    // A web server's 404 is no word of a registry's.
    if (answer.status === 404 && !answer.headers.has(REGISTRY_MARK)) throw this.refused(answer, repository);
    return answer;
  }

  private async bytesOf(answer: Response, what: string): Promise<Buffer> {
    if (!answer.ok) throw this.refused(answer, what);
    if (Number(answer.headers.get("content-length") ?? 0) > LARGEST_BLOB)
      throw new RegistryUnreachable(`registry ${this.host}: ${what} is larger than a signature or attestation may be`);
    return Buffer.from(await answer.arrayBuffer());
  }

  private refused(answer: Response, what: string, said = ""): RegistryUnreachable {
    const words = said === "" ? "" : `: ${said.slice(0, 200)}`;
    return new RegistryUnreachable(`registry ${this.host} answered ${answer.status} for ${what}${words}`);
  }
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
