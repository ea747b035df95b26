import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadLayout } from "../../../platform/local/layout";
import { currentBundle } from "../../../platform/toolchain/launcher";
import { LOCAL_PEOPLE } from "../../../provider/sharing/people";
import { freePort } from "../../support/freePort";

/** Programs of the runner as processes of this machine, and the files that they read. */
export class GateProcesses {
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-gate-"));
  private readonly children: ChildProcess[] = [];
  /** Of all of them. */
  log = "";

  async standIn(publicUrl: string, issuer: string): Promise<number> {
    const port = await freePort();
    const people = this.file("people.json", JSON.stringify(LOCAL_PEOPLE));
    await this.start("stand-in-identity", "A STAND-IN", [
      ...["--issuer", issuer, "--public-url", publicUrl, "--people", people],
      ...["--client-secret-file", this.secret(), "--listen", `127.0.0.1:${port}`],
    ]);
    return port;
  }

  async gate(publicUrl: string, issuer: string, namespace: string, ...more: string[]) {
    const [pages, auth] = [await freePort(), await freePort()];
    const process = await this.start("review-gate", '"open"', [
      ...[
        "--issuer",
        issuer,
        "--public-url",
        publicUrl,
        "--namespace",
        namespace,
        "--client-secret-file",
        this.secret(),
      ],
      ...["--listen", `127.0.0.1:${pages}`, "--listen-auth", `127.0.0.1:${auth}`, ...more],
    ]);
    return { pages, auth, process };
  }

  /** Ends them all as a pod's end does, so that what they have in mind is noted. */
  async end(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private secret(): string {
    return this.file("secret", "a-secret-of-this-test-alone");
  }

  private file(name: string, text: string): string {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, text);
    return file;
  }

  private async start(command: string, sign: string, args: readonly string[]): Promise<ChildProcess> {
    const env = { ...process.env, KUBECONFIG: loadLayout().kubeconfig };
    const child = spawn(process.execPath, [currentBundle("runner"), command, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.children.push(child);
    let own = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        own += data.toString();
        this.log += data.toString();
      });
    for (const giveUp = Date.now() + 30_000; !own.includes(sign);) {
      if (child.exitCode !== null || Date.now() > giveUp) throw new Error(`${command} did not start:\n${own}`);
      await sleep(30);
    }
    return child;
  }
}
