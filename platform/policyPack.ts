import * as fs from "node:fs";
import * as path from "node:path";

/** How the engine is told of packs by the environment: paths in one line of CSV, for every command that judges a plan. */
export const PACK_OPTION = "PULUMI_OPTION_POLICY_PACK";

/** The pack of a checkout. */
export const packFolder = (root: string): string => path.join(root, "policy", "pulumi");

/** The option's value with our pack in it: first, and in no other checkout's edition besides. */
export function packsWith(pack: string, current: string | undefined): string {
  const others = (current ?? "").split(",").filter((one) => one !== "" && one !== pack && !isEdition(one));
  return [pack, ...others].join(",");
}

/** Whether a folder holds this pack, by the runtime that no other one names. */
function isEdition(folder: string): boolean {
  try {
    return /^runtime: hms$/m.test(fs.readFileSync(path.join(folder, "PulumiPolicy.yaml"), "utf8"));
  } catch {
    return false;
  }
}

/**
 * Finds the pack's own starter for an engine whose project does not name it: engines start it in the pack's folder.
 * @param bin a folder that is on the engine's PATH.
 */
export function placeStarter(bin: string): void {
  const file = path.join(bin, "pulumi-analyzer-policy-hms");
  if (fs.existsSync(file)) return;
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(`${file}.${process.pid}`, '#!/bin/sh\nexec ./pulumi-analyzer-policy-hms "$@"\n', { mode: 0o755 });
  fs.renameSync(`${file}.${process.pid}`, file);
}

/** Commands of the engine that judge a plan by packs; the others know no such flag. */
const JUDGING: readonly (string | undefined)[] = ["up", "preview", "watch"];

/**
 * The words of an engine's command with the pack in them, whatever the caller forgot: a flag, because the variable can be
 * unset, or set to nothing. The engine ignores the variable where there is a flag, so what it names goes along.
 */
export function judged(args: readonly string[], root: string, env: NodeJS.ProcessEnv): readonly string[] {
  if (!JUDGING.includes(args[0])) return args;
  const packs = packsWith(packFolder(root), env[PACK_OPTION]).split(",");
  return [...args, ...packs.flatMap((pack) => ["--policy-pack", pack])];
}
