import { RefusedError } from "../../platform/errors";
import { loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { installReaper, reaperArgs, standingReaper } from "../../provider/sandbox/reaper";
import { LOCAL_CONTEXT } from "../stack";
import type { Io } from "../command";
import type { SandboxPlace } from "./place";

/**
 * Sees to it that the cluster has its reaper before it gets a sandbox: one that nobody takes away stands for ever.
 * @param renew also where one stands already, with the image of today. @default only what is missing or was told otherwise
 * @throws RefusedError where there is none and no image for one is known.
 */
export async function ensureReaper({ common, kube }: SandboxPlace, io: Io, renew = false): Promise<boolean> {
  const wish = { limits: common.limits, server: common.database.server };
  const standing = await standingReaper(kube, io.signal);
  const told = standing !== undefined && standing.args.join(" ") === reaperArgs(wish).join(" ");
  const named = common.reaper?.image;
  if (told && !renew && (named === undefined || named === standing.image)) return false;
  const image = named ?? (await localImage(common.kubeContext, io));
  await installReaper(kube, image, wish, io.signal);
  return true;
}

async function localImage(context: string, io: Io): Promise<string> {
  if (context !== LOCAL_CONTEXT)
    throw new RefusedError(
      `the cluster of context ${context} has no reaper for sandboxes, and sandboxes.yaml names no image for one: ` +
        "push hms-runner there and write reaper: { image: <registry>/hms/runner@sha256:… } (images/hms-runner/README.md)",
    );
  return ensureRunnerImage(loadLayout(io.env), { progress: new Progress(io.err), signal: io.signal });
}
