import * as fs from "node:fs";
import * as path from "node:path";
import { ensureEnvironment, environmentFor, nodeFolder, usersKubeconfig } from "../platform/local/environment";
import { claimHome, projectRoot } from "../platform/home";
import { chooseDocker } from "../platform/local/docker";
import { loadLayout, type Layout } from "../platform/local/layout";
import { packFolder, placeStarter } from "../platform/policyPack";
import { Progress } from "../platform/progress";
import { ensureTools } from "../platform/toolchain/install";
import { ensurePlugins } from "../platform/toolchain/plugins";
import type { Io } from "./command";

/** A machine on which the engine can run, and the environment to run it in. */
export interface Prepared {
  readonly layout: Layout;
  readonly progress: Progress;
  /** The caller's environment with ours on top; see platform/local/environment.ts. */
  readonly env: NodeJS.ProcessEnv;
  /** Only what is ours, for `hms env`. */
  readonly exports: Readonly<Record<string, string>>;
}

/**
 * Makes sure that Pulumi, its language host, kubectl and the provider plugins are there, and says under which variables.
 * Does not start the local platform: a stack may use another cluster.
 * @param also tools that will be needed right after: built together, they share the cores.
 */
export async function prepareEngine(io: Io, also: readonly string[] = []): Promise<Prepared> {
  const layout = loadLayout(io.env);
  const progress = new Progress(io.err);
  claimHome(layout.home);
  fs.mkdirSync(path.join(layout.home, "toolchain"), { recursive: true, mode: 0o700 });
  ensureEnvironment(layout.home);
  placeStarter(layout.bin);
  const context = { home: layout.home, progress, signal: io.signal };
  const tools = await ensureTools(["pulumi", "pulumi-language-nodejs", "kubectl", ...also], context);
  const exports = environmentFor(
    {
      home: layout.home,
      kubeconfig: layout.kubeconfig,
      ...usersKubeconfig(),
      docker: await chooseDocker(layout, io.env),
      path: [...nodeFolder(io.env), layout.bin],
      policyPack: packFolder(projectRoot()),
    },
    io.env,
  );
  const env = { ...io.env, ...exports };
  await ensurePlugins({ ...context, pulumi: tools.pulumi ?? "pulumi", env });
  return { layout, progress, env, exports };
}
