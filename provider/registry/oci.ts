import { createdOf, MANIFEST_TYPES, readManifest, type ManifestFacts } from "../../core/registry/manifest";
import { isDigest, isReferrersTag, subjectOfTag, type StoredImage } from "../../core/registry/image";
import { asArray, asString, path } from "../../core/json";
import { RefusedError } from "../../platform/errors";
import { CredentialStore } from "../../platform/plugins/docker/credentials";
import { OciClient, type OciAnswer } from "./ociClient";
import { inTurns, type ImageStore } from "./store";

interface Found {
  readonly digest: string;
  readonly tags: string[];
  readonly facts: ManifestFacts;
  readonly subject: string | null;
}

/** A registry of the OCI distribution kind: docker-registry and its like. It has no dates of its own. */
export class OciStore implements ImageStore {
  readonly where: string;
  private readonly client: OciClient;
  private readonly path: string;

  /** @param address host, port and a path if there is one, as `hms:registry` has it. */
  constructor(address: string, env: NodeJS.ProcessEnv = process.env) {
    const [host = address, ...below] = address.split("/");
    this.where = address;
    this.path = below.map((part) => `${part}/`).join("");
    this.client = new OciClient(host, CredentialStore.load(undefined, env).forRegistry(host));
  }

  async list(repository: string, signal: AbortSignal): Promise<readonly StoredImage[]> {
    const name = `${this.path}${repository}`;
    const found = new Map<string, Found>();
    const tags = await this.tags(name, signal);
    await inTurns(tags, (tag) => this.find(name, tag, found, signal));
    await this.findReferrers(name, found, signal);
    const images = [...found.values()];
    return inTurns(images, async ({ digest, tags, facts, subject }) => ({
      repository: `${this.where}/${repository}`,
      digest,
      tags: tags.sort(),
      at: facts.created ?? (facts.config === null ? null : await this.made(name, facts.config, signal)),
      children: facts.children,
      subject,
      bytes: facts.bytes,
    })).then((all) => all.map((image) => withTimeOfParts(image, all)));
  }

  async remove(repository: string, digest: string, signal: AbortSignal): Promise<void> {
    const at = `${this.path}${repository}/manifests/${digest}`;
    const answer = await this.client.ask("DELETE", at, signal);
    if (answer.status === 405)
      throw new RefusedError(
        `the registry ${this.where} lets nobody delete; allow it there (storage: delete: enabled), or prune with its own tools`,
      );
    if (answer.status !== 202 && answer.status !== 200 && answer.status !== 404)
      throw this.refusal("delete", at, answer);
  }

  private async tags(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const tags: string[] = [];
    let next: string | undefined = `${name}/tags/list?n=1000`;
    while (next !== undefined) {
      const answer: OciAnswer = await this.client.ask("GET", next, signal);
      if (answer.status === 404) return [];
      if (answer.status !== 200) throw this.refusal("list", next, answer);
      tags.push(...asArray(path(answer.json(), "tags")).flatMap((tag) => asString(tag) ?? []));
      const link: string | undefined = /<[^>]*\/v2\/([^>]+)>;\s*rel="?next"?/.exec(
        answer.headers.get("link") ?? "",
      )?.[1];
      next = link;
    }
    return [...new Set(tags)];
  }

  /** Reads what is under a tag or digest, and what an index there lists. */
  private async find(
    name: string,
    reference: string,
    found: Map<string, Found>,
    signal: AbortSignal,
    about: string | null = null,
  ): Promise<void> {
    if (found.has(reference)) return;
    const at = `${name}/manifests/${reference}`;
    const answer = await this.client.ask("GET", at, signal, MANIFEST_TYPES.join(", "));
    // A tag may go between the list and this; a registry may lack an image of an index that was copied in part.
    if (answer.status === 404) return;
    if (answer.status !== 200) throw this.refusal("read", at, answer);
    const { digest } = answer;
    const isTag = !isDigest(reference);
    const known = found.get(digest);
    if (known) {
      if (isTag) known.tags.push(reference);
      return;
    }
    const facts = readManifest(answer.text, `${this.where}/${name}@${digest}`);
    const subject = facts.subject ?? (isTag ? (subjectOfTag(reference) ?? null) : about);
    found.set(digest, { digest, tags: isTag ? [reference] : [], facts, subject });
    const listed = isTag && isReferrersTag(reference) ? subject : null;
    await inTurns(facts.children, (child) => this.find(name, child, found, signal, listed));
  }

  /** What is about an image and has no tag, where the registry keeps a list of it. */
  private async findReferrers(name: string, found: Map<string, Found>, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    for (let fresh = [...found.keys()]; fresh.length > 0; fresh = [...found.keys()].filter((one) => !seen.has(one))) {
      for (const digest of fresh) seen.add(digest);
      const answers = await inTurns(fresh.slice(0, 1), (digest) => this.referrers(name, digest, signal));
      if (answers[0] === undefined) return; // it has none of its own: clients keep them under tags
      const others = await inTurns(fresh.slice(1), (digest) => this.referrers(name, digest, signal));
      const all = [...answers, ...others].flatMap((list) => list ?? []);
      await inTurns(all, (digest) => this.find(name, digest, found, signal));
    }
  }

  private async referrers(name: string, digest: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const at = `${name}/referrers/${digest}`;
    const answer = await this.client.ask("GET", at, signal);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.refusal("read", at, answer);
    return asArray(path(answer.json(), "manifests"))
      .map((one) => path(one, "digest"))
      .filter(isDigest);
  }

  private async made(name: string, config: string, signal: AbortSignal): Promise<string | null> {
    const answer = await this.client.ask("GET", `${name}/blobs/${config}`, signal);
    return answer.status === 200 ? createdOf(answer.text) : null;
  }

  private refusal(what: string, at: string, answer: OciAnswer): RefusedError {
    const hint = answer.status === 401 || answer.status === 403 ? "; log in: docker login" : "";
    return new RefusedError(`the registry ${this.where} refuses to ${what} ${at} (${answer.status})${hint}`);
  }
}

/** An index without a date was made when the newest of its images was; what is about an image is no older than that. */
function withTimeOfParts(image: StoredImage, all: readonly StoredImage[]): StoredImage {
  if (image.at !== null) return image;
  const parts = all.filter(({ digest }) => image.children.includes(digest) || digest === image.subject);
  const times = parts.flatMap(({ at }) => at ?? []).sort();
  return { ...image, at: times.at(-1) ?? null };
}
