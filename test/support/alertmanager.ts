import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { hmsHome } from "../../platform/home";
import { Progress } from "../../platform/progress";
import { ALERTMANAGER, ensureDebianTool } from "../../platform/toolchain/debianTool";
import { endOf } from "./endOf";
import { freePort } from "./freePort";

/** A real Alertmanager, Debian's, that sends what it is told to one receiver. */
export class Alertmanager {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-alertmanager-"));
  private child: ChildProcess | undefined;
  private address = "";
  private said = "";

  /** @param receiver address that it sends to, with this bearer token. */
  async start(receiver: string, token: string): Promise<void> {
    const home = hmsHome();
    const [command, ...args] = await ensureDebianTool(ALERTMANAGER, { home, progress: new Progress(process.stderr) });
    const file = path.join(this.folder, "alertmanager.yml");
    const http_config = { authorization: { type: "Bearer", credentials: token } };
    const webhook = { url: receiver, send_resolved: true, http_config };
    // As soon as an alert comes, and again whenever something about it changes.
    const route = { receiver: "hms-freeze", group_by: ["..."], group_wait: "0s", group_interval: "1s" };
    writeFileSync(file, stringify({ route, receivers: [{ name: "hms-freeze", webhook_configs: [webhook] }] }));
    this.address = `http://127.0.0.1:${await freePort()}`;
    const listen = this.address.replace("http://", "");
    this.child = spawn(
      command,
      [
        ...args,
        `--config.file=${file}`,
        `--storage.path=${path.join(this.folder, "data")}`,
        `--web.listen-address=${listen}`,
        "--cluster.listen-address=",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.child.stderr?.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    const giveUp = Date.now() + 60_000;
    while (!(await this.isReady())) {
      if (this.child.exitCode !== null || Date.now() > giveUp)
        throw new Error(`Alertmanager is not ready: ${this.said}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** An alert begins, or ends, as Prometheus would report it. */
  async alert(labels: Readonly<Record<string, string>>, annotations: object, state: "fires" | "ends"): Promise<void> {
    const now = Date.now();
    const endsAt = new Date(state === "fires" ? now + 3_600_000 : now - 1).toISOString();
    const startsAt = new Date(now - 60_000).toISOString();
    const alert = { labels, annotations, startsAt, endsAt, generatorURL: "http://prometheus.example.gov/graph" };
    const answer = await fetch(`${this.address}/api/v2/alerts`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify([alert]),
    });
    if (!answer.ok) throw new Error(`Alertmanager: ${answer.status} ${await answer.text()}`);
  }

  async stop(): Promise<void> {
    await endOf(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async isReady(): Promise<boolean> {
    return fetch(`${this.address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
