import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { parse, stringify } from "yaml";
import type { StatusDocument } from "../../core/rollout/status";
import { projectRoot } from "../../platform/home";
import { GATEWAY } from "./cluster";

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  /** What a reader sees last. */
  readonly lastLine: string;
  /** Each line with the seconds from the start to it. */
  readonly lines: readonly { readonly at: number; readonly text: string }[];
}

interface StackFile {
  readonly config: Readonly<Record<string, unknown>>;
}

/** One service, on the local platform. */
const MINIMAL = {
  "pulumi:disable-default-providers": ["*"],
  "hms:gateway": GATEWAY,
  "hms:registry": "127.0.0.1:5000",
  "hms:prometheus": "http://127.0.0.1:9090",
  "hms:inCluster": { prometheus: "http://10.245.0.1:9090", gateway: "http://10.245.0.1:8080" },
  "hms:services": { "drought-benefit": { source: "examples/drought-benefit", env: { REGION: "central-valley" } } },
};

/**
 * A clone of this project with a stack of its own in a state backend of its own: everything a user would do, on the real
 * engine, cluster and gateway. The namespace and everything else goes with `remove()`.
 */
export class TestProject {
  readonly folder: string;
  readonly stack: string;
  readonly namespace: string;
  readonly domain: string;
  readonly env: NodeJS.ProcessEnv;

  /** @param options.from stack file of this project to start from, with a namespace and domain of its own; `sharing`: a second clone of the same stack. */
  constructor(prefix: string, options: { readonly from?: string; readonly sharing?: TestProject } = {}) {
    const other = options.sharing;
    this.stack = other?.stack ?? `${prefix}-${randomBytes(3).toString("hex")}`;
    this.namespace = `hms-${this.stack}`;
    this.domain = `${this.stack}.localhost`;
    this.folder = mkdtempSync(path.join(os.tmpdir(), `hms-${prefix}-`));
    this.clone(options.from);
    const state = other?.env.PULUMI_BACKEND_URL ?? `file://${path.join(this.folder, ".state")}?metadata=skip`;
    mkdirSync(path.join(this.folder, ".state"));
    this.env = {
      ...process.env,
      PULUMI_BACKEND_URL: state,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_CONFIG_PASSPHRASE_FILE: "",
    };
    delete this.env.PULUMI_CONFIG_PASSPHRASE_FILE;
  }

  /** The stack file's `config`, changed. */
  configure(change: (config: Record<string, unknown>) => void): void {
    const file = path.join(this.folder, `Pulumi.${this.stack}.yaml`);
    const document = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    change(document.config);
    writeFileSync(file, stringify(document));
  }

  /** The entry of the one service in the stack file, changed. */
  service(change: (service: Record<string, unknown>) => void): void {
    this.configure((config) => {
      const services = config["hms:services"] as Record<string, Record<string, unknown>>;
      const entry = services["drought-benefit"];
      if (entry) change(entry);
    });
  }

  /** A file of the example service, rewritten. */
  edit(file: string, change: (text: string) => string): void {
    const full = path.join(this.folder, "examples", "drought-benefit", file);
    const before = readFileSync(full, "utf8");
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${file} changes nothing`);
    writeFileSync(full, after);
  }

  /** Another policy: what makes a release another release. */
  newPolicy(version: string): void {
    this.edit("policy/data.json", (text) => text.replace(/("version":\s*")[^"]*"/, `$1${version}"`));
  }

  pulumi(...args: readonly string[]): Promise<Ran> {
    return finished(this.startPulumi(...args));
  }

  /** `pulumi` in a process group of its own, to be killed or interrupted by the test. */
  startPulumi(...args: readonly string[]): ChildProcess {
    return this.start("pulumi", [...args, "--stack", this.stack, "--non-interactive", "--color", "never"]);
  }

  /** The same on a stack that a test made besides. */
  pulumiOn(stack: string, ...args: readonly string[]): Promise<Ran> {
    return finished(this.start("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"]));
  }

  up(...args: readonly string[]): Promise<Ran> {
    return this.pulumi("up", "--yes", "--skip-preview", ...args);
  }

  preview(...args: readonly string[]): Promise<Ran> {
    return this.pulumi("preview", ...args);
  }

  deploy(...args: readonly string[]): Promise<Ran> {
    return finished(this.startDeploy(...args));
  }

  startDeploy(...args: readonly string[]): ChildProcess {
    return this.start(path.join(this.folder, "bin", "hms-deploy"), args);
  }

  hms(...args: readonly string[]): Promise<Ran> {
    return finished(this.start(path.join(this.folder, "bin", "hms"), args));
  }

  sbx(...args: readonly string[]): Promise<Ran> {
    return finished(this.startSbx(...args));
  }

  startSbx(...args: readonly string[]): ChildProcess {
    return this.start(path.join(this.folder, "bin", "hms-sbx"), args);
  }

  async status(): Promise<StatusDocument> {
    const { output, code } = await this.hms("status", "--stack", this.stack, "--json");
    if (code !== 0) throw new Error(`hms status: ${output}`);
    return JSON.parse(output.slice(output.indexOf("{"))) as StatusDocument;
  }

  /** Text of the stack's checkpoint, as it lies on disk. */
  state(): string {
    return readFileSync(this.stateFile, "utf8");
  }

  get stateFile(): string {
    const [, folder = ""] = /^file:\/\/([^?]*)/.exec(this.env.PULUMI_BACKEND_URL ?? "") ?? [];
    return path.join(folder, ".pulumi", "stacks", "hms", `${this.stack}.json`);
  }

  get host(): string {
    return `drought-benefit.${this.domain}`;
  }

  async init(): Promise<void> {
    const made = await this.pulumi("stack", "init", "--no-select");
    if (made.code !== 0 && !made.output.includes("already exists")) throw new Error(made.output);
  }

  /** Takes everything away, whatever state the test left it in: the namespace holds all there is, the state goes with the folder. */
  remove(): void {
    execFileSync("kubectl", [
      "--context",
      "hms-local",
      "delete",
      "namespace",
      this.namespace,
      "--ignore-not-found",
      "--wait=false",
    ]);
    this.discard();
  }

  /** Removes the folder alone; the stack is somebody else's. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private clone(from: string | undefined): void {
    const root = projectRoot();
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    for (const file of files.split("\0").filter((name) => name !== "" && !/^Pulumi\..+\.yaml$/.test(name))) {
      cpSync(path.join(root, file), path.join(this.folder, file), { recursive: true });
    }
    symlinkSync(path.join(root, "node_modules"), path.join(this.folder, "node_modules"));
    // The launcher finds that they are of these very sources, and bundles again what the test edits.
    cpSync(path.join(root, "dist"), path.join(this.folder, "dist"), {
      recursive: true,
      filter: (file) => !/\.(compiled|lock|new)$/.test(file),
    });
    const own = { "hms:namespace": this.namespace, "hms:domain": this.domain };
    const given =
      from === undefined
        ? MINIMAL
        : (parse(readFileSync(path.join(root, `Pulumi.${from}.yaml`), "utf8")) as StackFile).config;
    writeFileSync(path.join(this.folder, `Pulumi.${this.stack}.yaml`), stringify({ config: { ...given, ...own } }));
  }

  private start(command: string, args: readonly string[]): ChildProcess {
    return spawn(command, args, { cwd: this.folder, env: this.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  }
}

/** Waits for the end of a process and gives what it said. */
export function finished(child: ChildProcess): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const lines: { at: number; text: string }[] = [];
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
      createInterface({ input: stream }).on("line", (text) =>
        lines.push({ at: (performance.now() - begun) / 1000, text }),
      );
    }
    child.on("error", reject);
    // Not "close": what a killed engine leaves behind may hold the pipes.
    child.on("exit", (code) => {
      setTimeout(() => {
        resolve({ code, output, lastLine: output.trimEnd().split("\n").at(-1) ?? "", lines });
      }, 50);
    });
  });
}

/** Waits until the process has printed something that matches. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
        if (pattern.test(output)) resolve();
      });
    }
    child.on("close", () => {
      reject(new Error(`ended without printing ${pattern.source}:\n${output}`));
    });
  });
}
