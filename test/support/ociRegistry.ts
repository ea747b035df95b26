import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { endOf } from "./endOf";
import { freePort } from "./freePort";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

export const digestOf = (bytes: string | Buffer): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry of a test's own, Debian's docker-registry, empty, on a port of loopback. */
export class OciRegistry {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-registry-"));
  private child: ChildProcess | undefined;
  address = "";

  async start(options: { readonly deletes?: boolean } = {}): Promise<void> {
    this.address = `127.0.0.1:${await freePort()}`;
    const file = path.join(this.folder, "config.json");
    const storage = {
      filesystem: { rootdirectory: path.join(this.folder, "store") },
      delete: { enabled: options.deletes ?? true },
    };
    const log = { level: "error", accesslog: { disabled: true } };
    writeFileSync(file, JSON.stringify({ version: "0.1", log, storage, http: { addr: this.address } }));
    this.child = spawn("docker-registry", ["serve", file], { stdio: "ignore" });
    for (let tries = 0; ; tries++) {
      const up = await fetch(`http://${this.address}/v2/`).catch(() => undefined);
      if (up?.ok) return;
      if (tries === 1200 || this.child.exitCode !== null) throw new Error("docker-registry does not come up");
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async stop(): Promise<void> {
    await endOf(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An image of one layer. @returns its digest. */
  async image(
    repository: string,
    image: {
      /** Left out: it is reached by digest alone. */
      readonly tag?: string;
      readonly created?: string;
      readonly contents?: string;
      readonly subject?: string;
    },
  ): Promise<string> {
    const { contents = randomBytes(8).toString("hex"), created } = image;
    const layer = await this.blob(repository, contents);
    const config = await this.blob(
      repository,
      JSON.stringify({ os: "linux", ...(created ? { created } : {}), contents }),
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
      ...(image.subject === undefined ? {} : { subject: { mediaType: MANIFEST, digest: image.subject, size: 1 } }),
    };
    return this.manifest(repository, image.tag, MANIFEST, manifest);
  }

  /** An index of what is there already. */
  index(repository: string, tag: string, children: readonly string[]): Promise<string> {
    const manifests = children.map((digest) => ({ mediaType: MANIFEST, digest, size: 1 }));
    return this.manifest(repository, tag, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
  }

  /** What is under a tag or digest; `undefined` where nothing is. */
  async digest(repository: string, reference: string): Promise<string | undefined> {
    const answer = await fetch(`http://${this.address}/v2/${repository}/manifests/${reference}`, {
      headers: { accept: [MANIFEST, INDEX].join(", ") },
    });
    return answer.ok ? digestOf(Buffer.from(await answer.arrayBuffer())) : undefined;
  }

  private async manifest(repository: string, tag: string | undefined, type: string, content: object): Promise<string> {
    const body = JSON.stringify(content);
    const at = `http://${this.address}/v2/${repository}/manifests/${tag ?? digestOf(body)}`;
    const put = await fetch(at, { method: "PUT", body, headers: { "content-type": type } });
    if (!put.ok) throw new Error(`the registry takes no manifest: ${put.status} ${await put.text()}`);
    return digestOf(body);
  }

  private async blob(repository: string, contents: string) {
    const digest = digestOf(contents);
    const begun = await fetch(`http://${this.address}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const to = new URL(begun.headers.get("location") ?? "", `http://${this.address}`);
    to.searchParams.set("digest", digest);
    const put = await fetch(to, { method: "PUT", body: contents });
    if (!put.ok) throw new Error(`the registry takes no blob: ${put.status} ${await put.text()}`);
    return { digest, size: contents.length };
  }
}
