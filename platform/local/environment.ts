import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { compiledFolder } from "./compiledCode";
import { runningDaemon } from "./daemon";
import { PACK_OPTION, packFolder, packsWith } from "../policyPack";
import { projectRoot } from "../home";
import type { DockerChoice } from "./docker";
import { loadLayout } from "./layout";

type Env = Readonly<Record<string, string | undefined>>;

/** What our environment is made of. */
export interface EnvironmentSources {
  readonly home: string;
  /** The platform's own; a file that need not exist yet. */
  readonly kubeconfig: string;
  /** The user's own, where kubectl finds it by itself; absent when there is none. */
  readonly usersKubeconfig?: string;
  readonly docker: DockerChoice;
  /** Folders to put first on PATH, the first one foremost. */
  readonly path: readonly string[];
  /** Folder of the policy pack. */
  readonly policyPack: string;
}

/** File with the passphrase that encrypts secrets in the state of local stacks. */
export const passphraseFile = (home: string): string => path.join(home, "passphrase");

/** Makes what the environment refers to: the state's folder, and a passphrase that nobody has to remember. */
export function ensureEnvironment(home: string): void {
  for (const name of ["state", "pulumi"]) fs.mkdirSync(path.join(home, name), { recursive: true, mode: 0o700 });
  withoutEngineLog(path.join(home, "pulumi", "logs"));
  const file = passphraseFile(home);
  if (fs.existsSync(file)) return;
  const fresh = `${file}.${process.pid}`;
  fs.writeFileSync(fresh, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    // Never over one that another process made meanwhile: state may be encrypted with it already.
    fs.linkSync(fresh, file);
  } catch (error) {
    if (!fs.existsSync(file)) throw error;
  } finally {
    fs.rmSync(fresh);
  }
}

const NO_ENGINE_LOG = `The engine writes no log of its own on this machine: this file stands where its folder would be.
Put a folder in its place to have the logs (pulumi logs), a copy of all that the engine sends to providers, encrypted with the
stack's key; some 0.8 MB for each command, up to 500 MB.
`;

/**
 * A file in the place of the folder is the engine's own way to do without: it has no setting for it. The log is a second
 * copy of every value on disk, and a fifth of the engine's processor time (docs/performance.md). A folder that is there stays.
 */
function withoutEngineLog(place: string): void {
  try {
    fs.writeFileSync(place, NO_ENGINE_LOG, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!["EEXIST", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/**
 * The variables under which plain `pulumi`, `kubectl` and `docker` work on the platform. What the user has set is left
 * as it is, except for lists: PATH gets folders in front, KUBECONFIG the platform's file behind what is there, so that
 * a stack may name any context of either, and the engine's packs ours in front.
 */
export function environmentFor(sources: EnvironmentSources, current: Env): Readonly<Record<string, string>> {
  const { home } = sources;
  const wanted: Record<string, string | undefined> = {
    HMS_HOME: home,
    // Without attribute files beside the state: an engine killed while it writes one cannot read the state again.
    PULUMI_BACKEND_URL: `file://${path.join(home, "state")}?metadata=skip`,
    PULUMI_HOME: path.join(home, "pulumi"),
    // A passphrase in the environment is the user's own choice, and two ways to give one exclude each other.
    PULUMI_CONFIG_PASSPHRASE_FILE: isSet(current.PULUMI_CONFIG_PASSPHRASE) ? undefined : passphraseFile(home),
    DOCKER_HOST: sources.docker.host,
    // Type errors are found by `npm run check`; checking them at each run costs more than the run.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // An update starts ten Node processes; kept compiled code saves a third of their time (docs/performance.md).
    NODE_COMPILE_CACHE: compiledFolder(home),
  };
  const exports: Record<string, string> = {
    PATH: pathWith(sources.path, current.PATH ?? ""),
    KUBECONFIG: kubeconfigs(sources, current.KUBECONFIG),
    [PACK_OPTION]: packsWith(sources.policyPack, current[PACK_OPTION]),
  };
  for (const [name, value] of Object.entries(wanted)) {
    const own = current[name];
    const chosen = isSet(own) ? own : value;
    if (chosen !== undefined) exports[name] = chosen;
  }
  return exports;
}

/** The same for a process that goes on with it at once, without asking any Docker: ours counts if it runs. */
export function environment(current: Env = process.env): Readonly<Record<string, string>> {
  const layout = loadLayout(current);
  const ours = runningDaemon(layout, "dockerd") !== undefined;
  return environmentFor(
    {
      home: layout.home,
      kubeconfig: layout.kubeconfig,
      ...usersKubeconfig(),
      docker: { ours, host: ours ? `unix://${layout.dockerSocket}` : undefined },
      path: [...nodeFolder(current), layout.bin],
      policyPack: packFolder(projectRoot()),
    },
    current,
  );
}

/** The folder with a supported Node that the launcher put first on PATH; it must stay before ours. */
export function nodeFolder(current: Env): string[] {
  return isSet(current.HMS_NODE_BIN) ? [current.HMS_NODE_BIN] : [];
}

/** kubectl takes the current context from the first file that has one: what the user chose stays chosen. */
function kubeconfigs({ kubeconfig, usersKubeconfig }: EnvironmentSources, current: string | undefined): string {
  const given = isSet(current) ? current.split(path.delimiter) : [];
  const files =
    given.length > 0
      ? [...given, kubeconfig]
      : [kubeconfig, ...(usersKubeconfig === undefined ? [] : [usersKubeconfig])];
  return [...new Set(files)].join(path.delimiter);
}

/** Where kubectl looks when KUBECONFIG is not set, if there is something. */
export function usersKubeconfig(): { readonly usersKubeconfig?: string } {
  const file = path.join(os.homedir(), ".kube", "config");
  return fs.existsSync(file) ? { usersKubeconfig: file } : {};
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";

/** PATH with these folders first, each once. */
export function pathWith(first: readonly string[], current: string): string {
  const rest = current.split(path.delimiter).filter((folder) => folder !== "" && !first.includes(folder));
  return [...first, ...rest].join(path.delimiter);
}

/** Lines for a POSIX shell to evaluate. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
  const quoted = (value: string) => (/^[\w/:.@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join("");
}
