import { execFile, type ExecFileException } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { currentBundle } from "../../../platform/toolchain/launcher";
import { killIfAlive } from "../../support/killIfAlive";

const ROOT = resolve(__dirname, "../../..");
const TOOLS = join(process.env.HMS_HOME ?? join(homedir(), ".hms"), "bin");

export interface Run {
  readonly code: number;
  /** stdout and stderr, one after the other. */
  readonly text: string;
}

export interface StoredResource {
  readonly type: string;
  readonly urn: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A project of its own with a stack `test`, a file backend, and one stand-in plugin; all of it in a temporary folder. */
export class PluginProject {
  readonly folder = mkdtempSync(join(tmpdir(), "plugin-"));
  /** Further variables of every run. */
  readonly env: Record<string, string> = {};

  constructor(
    private readonly plugin: "random" | "docker" | "kubernetes" | "aws" | "hms",
    version: string,
  ) {
    for (const name of ["project", "backend", "home"]) mkdirSync(join(this.folder, name));
    this.write("Pulumi.yaml", "name: conformance\nruntime: nodejs\nmain: index.js\n");
    this.write("package.json", '{ "name": "conformance", "private": true }\n');
    symlinkSync(join(ROOT, "node_modules"), join(this.folder, "project/node_modules"));
    if (plugin === "hms") {
      const ours = `plugins:\n  providers:\n    - name: hms\n      path: ${join(ROOT, "provider")}\n`;
      this.write("Pulumi.yaml", `name: conformance\nruntime: nodejs\nmain: index.js\n${ours}`);
      return;
    }
    const installed = join(this.folder, `home/plugins/resource-${plugin}-v${version}`);
    mkdirSync(installed, { recursive: true });
    // The bundle that is installed for users, made current: a tenth of the time that loading the sources takes.
    const bundle = currentBundle(`plugin-${plugin}`);
    const starter = join(installed, `pulumi-resource-${plugin}`);
    writeFileSync(starter, `#!/bin/sh\nexec node "${bundle}" "$@"\n`);
    chmodSync(starter, 0o755);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, "project", path), text);
  }

  /** `body` is the program, with `pulumi` and the plugin's SDK under its own name; ours is loaded from its source. */
  program(body: string): void {
    this.write("index.js", `const pulumi = require("@pulumi/pulumi");\n${this.load}\n${body}\n`);
  }

  private get load(): string {
    // All of it is slow to load: a program names the modules that it uses.
    if (this.plugin === "aws") return "const aws = (name) => require(`@pulumi/aws/${name}`);";
    const sdk = this.plugin === "hms" ? join(ROOT, "provider/sdk.ts") : `@pulumi/${this.plugin}`;
    return `const ${this.plugin} = require("${sdk}");`;
  }

  pulumi(...args: readonly string[]): Promise<Run> {
    return this.start(args).done;
  }

  /** Runs without waiting, for a test that interrupts it, or ends the engine in another way. */
  start(args: readonly string[]): {
    readonly done: Promise<Run>;
    readonly interrupt: (signal?: NodeJS.Signals) => void;
  } {
    let interrupt = (_signal: NodeJS.Signals): void => undefined;
    const done = new Promise<Run>((settle) => {
      const child = execFile(
        "pulumi",
        [...args, "--non-interactive", "--color", "never"],
        { cwd: join(this.folder, "project"), env: this.environment(), maxBuffer: 64 * 1024 * 1024 },
        (error: ExecFileException | null, stdout, stderr) => {
          settle({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr });
        },
      );
      interrupt = (signal) => child.kill(signal);
    });
    return {
      done,
      interrupt: (signal = "SIGINT") => {
        interrupt(signal);
      },
    };
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: `${TOOLS}:${process.env.PATH ?? ""}`,
      PULUMI_HOME: join(this.folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "conformance",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // These projects are not judged by the pack that the shell may name.
      PULUMI_OPTION_POLICY_PACK: "",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      ...this.env,
    };
  }

  async createStack(): Promise<void> {
    const { code, text } = await this.pulumi("stack", "init", "test");
    if (code !== 0) throw new Error(text);
  }

  up(...args: readonly string[]): Promise<Run> {
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", "test", ...args);
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { code, text } = await this.pulumi("stack", "output", "--json", "--show-secrets", "--stack", "test");
    if (code !== 0) throw new Error(text);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** The state as it lies on disk, where secrets are encrypted. */
  stateText(): string {
    const folder = join(this.folder, "backend/.pulumi/stacks/conformance");
    const file = readdirSync(folder).find((name) => name === "test.json");
    return file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  }

  resources(): readonly StoredResource[] {
    const state = JSON.parse(this.stateText()) as { checkpoint: { latest: { resources?: StoredResource[] } } };
    return state.checkpoint.latest.resources ?? [];
  }

  remove(): void {
    // An engine that was killed leaves its language host behind, at work in the project's folder.
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      if (workplaceOf(pid).startsWith(this.folder)) killIfAlive(Number(pid));
    // Of one that has just been killed the last file may still come.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A process's folder; nothing where it is gone or somebody else's. */
function workplaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
