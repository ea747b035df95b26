import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { exec, tryExec } from "../exec";
import { projectRoot } from "../home";
import { withLock } from "../lock";
import type { ToolchainContext } from "./install";
import { launcher } from "./launcher";

/** Providers that the program uses besides its own, by their npm packages. */
export const PLUGINS = ["kubernetes", "random", "docker", "aws"] as const;
export type PluginName = (typeof PLUGINS)[number];

export interface PluginContext extends ToolchainContext {
  /** The `pulumi` to ask. */
  readonly pulumi: string;
  /** Environment with PULUMI_HOME, where plugins live. */
  readonly env: NodeJS.ProcessEnv;
}

/** Longest time that the one probe of the plugin server may take. */
const PROBE_MS = 12_000;
/** A machine may come online: the answer "no way out" is believed for this long. */
const OFFLINE_TRUST_MS = 24 * 3600_000;

/** What is installed for a plugin: the published one, or our stand-in of a certain content. */
interface Installed {
  readonly version: string;
  /** Hash of the stand-in's bundle; undefined for a published plugin. */
  readonly standIn?: string;
}

interface Memory {
  readonly plugins: Readonly<Record<string, Installed>>;
  /** When the plugin server was last found out of reach. */
  readonly offlineSince?: number;
}

const memoryFile = (home: string): string => path.join(home, "toolchain", "plugins.json");

function readMemory(home: string): Memory {
  try {
    const memory = JSON.parse(fs.readFileSync(memoryFile(home), "utf8")) as Partial<Memory>;
    return {
      plugins: memory.plugins ?? {},
      ...(memory.offlineSince === undefined ? {} : { offlineSince: memory.offlineSince }),
    };
  } catch {
    return { plugins: {} };
  }
}

/** The version that the program's SDK wants. */
function wantedVersion(root: string, name: PluginName): string {
  const file = path.join(root, "node_modules", "@pulumi", name, "package.json");
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}

/** Bundle of a stand-in, self-contained: it is copied to where the engine looks for plugins. */
export const standInBundle = (root: string, name: PluginName): string => path.join(root, "dist", `plugin-${name}.cjs`);

function contentHash(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex").slice(0, 16);
}

/**
 * Makes sure that each plugin is installed in the version that the SDK wants: the published one where the engine can get
 * it, else our stand-in, which serves the same types against the same backends. Which one is said in one line.
 */
export async function ensurePlugins(context: PluginContext): Promise<void> {
  const root = projectRoot();
  buildStandIns();
  if (PLUGINS.every((name) => isCurrent(context, root, name))) return;
  const waiting = (holder: string) => {
    context.progress.line(`… ${holder} is installing provider plugins; waiting for it`);
  };
  await withLock(`plugins:${context.home}`, waiting, context.signal, async () => {
    const missing = PLUGINS.filter((name) => !isCurrent(context, root, name));
    if (missing.length === 0) return;
    const published = await publishedAreInReach(context, root, missing);
    for (const name of missing) {
      const version = wantedVersion(root, name);
      if (published) await installPublished(context, name, version);
      else await installStandIn(context, root, name, version);
    }
    if (!published)
      context.progress.line(
        `The plugin server is out of reach: stand-ins serve the providers ${PLUGINS.join(", ")} (same types, same backends).`,
      );
  });
}

/** Bundles the stand-ins whose sources changed. */
function buildStandIns(): void {
  for (const name of PLUGINS) launcher().ensureBundle(`plugin-${name}`);
}

function pluginFolder(env: NodeJS.ProcessEnv, name: PluginName, version: string): string {
  return path.join(env.PULUMI_HOME ?? "", "plugins", `resource-${name}-v${version}`);
}

function isCurrent(context: PluginContext, root: string, name: PluginName): boolean {
  const version = wantedVersion(root, name);
  const installed = readMemory(context.home).plugins[name];
  if (installed?.version !== version || !fs.existsSync(pluginFolder(context.env, name, version))) return false;
  if (installed.standIn === undefined) return true;
  const bundle = standInBundle(root, name);
  return !fs.existsSync(bundle) || contentHash(bundle) === installed.standIn;
}

function remember(context: PluginContext, change: (memory: Memory) => Memory): void {
  const file = memoryFile(context.home);
  fs.writeFileSync(`${file}.new`, JSON.stringify(change(readMemory(context.home)), null, 2));
  fs.renameSync(`${file}.new`, file);
}

function rememberPlugin(context: PluginContext, name: PluginName, installed: Installed): void {
  remember(context, (memory) => ({ ...memory, plugins: { ...memory.plugins, [name]: installed } }));
}

/** Tries to install one published plugin, once; a machine without a way out is not asked again for a day. */
async function publishedAreInReach(
  context: PluginContext,
  root: string,
  missing: readonly PluginName[],
): Promise<boolean> {
  const [name] = missing;
  if (name === undefined) return true;
  const { offlineSince } = readMemory(context.home);
  if (offlineSince !== undefined && Date.now() - offlineSince < OFFLINE_TRUST_MS) return false;
  const version = wantedVersion(root, name);
  // A stand-in from before would make the engine say "installed" without looking any further.
  fs.rmSync(pluginFolder(context.env, name, version), { recursive: true, force: true });
  const result = await context.progress.during("look for the published provider plugins", () =>
    tryExec(context.pulumi, ["plugin", "install", "resource", name, version], {
      env: context.env,
      timeoutMs: PROBE_MS,
      signal: context.signal,
    }),
  );
  const reached = result.code === 0;
  if (reached) rememberPlugin(context, name, { version });
  else remember(context, ({ plugins }) => ({ plugins, offlineSince: Date.now() }));
  return reached;
}

async function installPublished(context: PluginContext, name: PluginName, version: string): Promise<void> {
  await context.progress.during(`install plugin ${name} ${version}`, () =>
    exec(context.pulumi, ["plugin", "install", "resource", name, version], {
      env: context.env,
      signal: context.signal,
    }),
  );
  rememberPlugin(context, name, { version });
}

/**
 * Files of a stand-in plugin beside its bundle. Not a PulumiPlugin.yaml: it would make the engine run an npm install for a
 * program that needs none.
 */
export function standInFiles(
  name: PluginName,
): Readonly<Record<string, { readonly text: string; readonly mode: number }>> {
  return {
    // `exec` matters: the engine's signals and the end of stdin must reach the provider itself.
    [`pulumi-resource-${name}`]: {
      text: `#!/bin/sh\nexec node "$(dirname "$0")/plugin-${name}.cjs" "$@"\n`,
      mode: 0o755,
    },
  };
}

async function installStandIn(context: PluginContext, root: string, name: PluginName, version: string): Promise<void> {
  const bundle = standInBundle(root, name);
  if (!fs.existsSync(bundle)) {
    context.progress.line(
      `The published plugin ${name} ${version} cannot be reached, and there is no stand-in for it in platform/plugins/${name}.`,
    );
    return;
  }
  const folder = path.join(context.home, "toolchain", "stand-ins", name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, { text, mode }] of Object.entries(standInFiles(name)))
    fs.writeFileSync(path.join(folder, file), text, { mode });
  fs.copyFileSync(bundle, path.join(folder, path.basename(bundle)));
  const standIn = contentHash(bundle);
  await exec(context.pulumi, ["plugin", "install", "resource", name, version, "--file", folder, "--reinstall"], {
    env: context.env,
    signal: context.signal,
  });
  rememberPlugin(context, name, { version, standIn });
}
