import { doorAt, type Door } from "../../core/sharing/names";
import { RefusedError } from "../../platform/errors";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { installGate, standingGate } from "../../provider/sharing/install";
import { gateWords, type SharingArgs } from "../../provider/sharing/objects";
import { localPeople } from "../../provider/sharing/people";
import { LOCAL_CONTEXT } from "../stack";
import type { Io } from "../command";
import type { SandboxPlace } from "./place";

/** Where people reach the sandboxes of this project, and the gate. */
export const doorOfPlace = ({ common }: Pick<SandboxPlace, "common">): Door =>
  doorAt(common.gateway.address, common.domain);

/**
 * Sees to it that the cluster has its review gate before it gets a sandbox: without one nobody could enter it.
 * @param renew also where one stands already, with the image and the people of today; who is signed in has to do so again.
 * @returns whether there was something to do. @throws RefusedError where there is none and nothing to make one of.
 */
export async function ensureReviewGate(place: SandboxPlace, io: Io, renew = false): Promise<boolean> {
  const { common, kube } = place;
  if (!common.review) return false;
  const { name, namespace } = common.gateway;
  const wish = { door: doorOfPlace(place), gateway: { name, namespace }, provider: providerOf(place, io) };
  const standing = await standingGate(kube);
  const named = common.identity?.image;
  const told = standing?.words.join(" ") === gateWords({ ...wish, image: "" }).join(" ");
  if (told && !renew && (named === undefined || named === standing.image)) return false;
  const progress = new Progress(io.err);
  const image = named ?? (await localImage(common.kubeContext, io, progress));
  const address = common.kubeContext === LOCAL_CONTEXT ? { clusterIP: CLUSTER.reviewGate } : {};
  await progress.during("bring up the review gate", () => installGate(kube, { ...wish, image, ...address }, io.signal));
  return true;
}

/** @throws RefusedError on another cluster: a list of people without passwords is for one machine. */
function providerOf({ common }: SandboxPlace, io: Io): SharingArgs["provider"] {
  if (common.identity) return common.identity;
  if (common.kubeContext === LOCAL_CONTEXT) return { people: localPeople(loadLayout(io.env).home) };
  throw new RefusedError(
    `sandboxes.yaml names no identity provider, so nobody could sign in to sandboxes of context ${common.kubeContext}: ` +
      "write identity: { issuer: https://…, clientId: … } (docs/sandboxes.md), or review: false for sandboxes without a door",
  );
}

async function localImage(context: string, io: Io, progress: Progress): Promise<string> {
  if (context === LOCAL_CONTEXT) return ensureRunnerImage(loadLayout(io.env), { progress, signal: io.signal });
  throw new RefusedError(
    `the cluster of context ${context} has no review gate, and sandboxes.yaml names no image for one: ` +
      "push hms-runner there and write it under identity.image (images/hms-runner/README.md)",
  );
}
