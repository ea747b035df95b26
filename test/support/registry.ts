import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { imageOf, layerOf, pushImage, tarOf } from "../../platform/local/ociImage";
import { freePort } from "./freePort";

/** An OCI registry of a test's own, empty, on a port of loopback: what it stores may be spoilt. */
export class TestRegistry {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-registry-"));
  private child: ChildProcess | undefined;
  /** `127.0.0.1:40123` */
  host = "";

  async start(): Promise<void> {
    this.host = `127.0.0.1:${await freePort()}`;
    const config = path.join(this.folder, "config.json");
    const storage = { filesystem: { rootdirectory: path.join(this.folder, "store") }, delete: { enabled: true } };
    const log = { level: "error", accesslog: { disabled: true } };
    writeFileSync(config, JSON.stringify({ version: "0.1", log, storage, http: { addr: this.host } }));
    // It does not outlive a test that is killed.
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", "docker-registry", "serve", config], { stdio: "ignore" });
    const answers = () => fetch(`http://${this.host}/v2/`).catch(() => undefined);
    for (const end = Date.now() + 60_000; (await answers())?.ok !== true;) {
      if (Date.now() > end) throw new Error("the test's registry did not start within 60 s");
      await sleep(50);
    }
  }

  /** Where the registry keeps a blob. */
  fileOf(digest: string): string {
    const [, hex = ""] = digest.split(":");
    return path.join(this.folder, "store/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
  }

  push(repository: string, tag: string, content?: string): Promise<string> {
    return pushSmallImage(this.host, repository, tag, content);
  }

  stop(): void {
    this.child?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Pushes an image of one small file. @returns its reference by digest, without tag. */
export async function pushSmallImage(
  host: string,
  repository: string,
  tag: string,
  content = randomBytes(8).toString("hex"),
): Promise<string> {
  const layer = await layerOf(tarOf({ "/content": Buffer.from(content) }), 1);
  const built = imageOf([layer], { entrypoint: ["/content"] });
  await pushImage({ registry: host, repository, tag }, built);
  return `${host}/${repository}@${built.digest}`;
}
