import { capProblems } from "../../core/sandbox/caps";
import { leaseLabels, type SandboxIdentity } from "../../core/sandbox/identity";
import { extendLease, readTtl } from "../../core/sandbox/lease";
import { countedOf } from "../../core/sandbox/seen";
import { problemText } from "../../core/service/problem";
import { RefusedError } from "../../platform/errors";
import { UsageError } from "../command";
import { refuseProtected, standingSandboxes, type SandboxPlace } from "./place";
import { readStackFile, wishesIn, writeStackFile } from "./stackFile";

/**
 * A new lease from now on, written where all that reaps it reads it. @returns the sandbox as it stands then.
 * @throws RefusedError for one that has ended, is not there, or would stand too long or cost too much.
 */
export async function extend(
  place: SandboxPlace,
  name: string,
  ttl: string,
  signal: AbortSignal,
): Promise<SandboxIdentity> {
  refuseProtected(place, name);
  const { limits: common, caps } = place.common;
  const file = readStackFile(place, name);
  const limits = file?.common.limits ?? common;
  const read = readTtl(ttl, limits);
  if (!read.ok) throw new UsageError(read.problems.map((one) => `--${problemText(one)}`).join("; "));
  const standing = await standingSandboxes(place, signal);
  const own = standing.find((one) => one.name === name);
  if (!own || own.leaving)
    throw new RefusedError(`there is no sandbox ${name}; hms-sbx list shows those that there are`);
  const { identity } = own;
  if (!identity) throw new RefusedError(`sandbox ${name}: ${own.problems.join("; ")}. It is reaped, not extended`);
  const lease = extendLease(identity, read.value, new Date(), limits);
  if (!lease.ok) throw new RefusedError(lease.problems.map(problemText).join("; "));
  const extended = { ...identity, ...lease.value };
  const counted = standing.filter(({ leaving }) => !leaving).map((one) => countedOf(one, limits));
  const problems = capProblems(caps, counted, extended);
  if (problems.length > 0) throw new RefusedError(problems.join("\n"));
  await place.kube.patch(
    { apiVersion: "v1", kind: "Namespace", name },
    { metadata: { labels: leaseLabels(extended) } },
    { type: "merge", signal },
  );
  if (file) writeStackFile(place, { ...file.identity, ...lease.value }, wishesIn(place, name));
  return extended;
}
