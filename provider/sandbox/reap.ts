import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import type { LeaseLimits } from "../../core/sandbox/lease";
import {
  failuresAfter,
  failureSchema,
  isAlarming,
  planReap,
  type Doomed,
  type Failure,
  type Failures,
} from "../../core/sandbox/reap";
import { seenSandbox } from "../../core/sandbox/seen";
import { asString, path } from "../../core/json";
import { isSandboxName } from "../../core/sandbox/name";
import { reasonOf } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { sandboxNamespaces } from "./namespaces";
import { closeDoors, removeSandbox, type RemoveOptions } from "./remove";
import { z } from "zod";

export interface ReapOptions extends Omit<RemoveOptions, "patienceMs"> {
  readonly limits: LeaseLimits;
  readonly now: Date;
  /** Says what would go, and touches nothing. @default false */
  readonly dryRun?: boolean;
  /** How long one namespace may take; the next sweep goes on with it. @default 60 s */
  readonly patienceMs?: number;
}

/** Contract of `hms-sbx reap --json`: keys are added, never renamed. */
export interface Reaped {
  readonly name: string;
  readonly why: string;
  /** `waiting`: it failed before, and its turn comes later; nobody gets in meanwhile. */
  readonly result: "gone" | "failed" | "waiting" | "due";
  readonly reason: string | null;
  /** How often in a row it failed by now. */
  readonly failures: number;
}

const RECORD = { apiVersion: "v1", kind: "ConfigMap", namespace: SANDBOXES_NAMESPACE, name: "sandbox-reaper" };
const MANAGER = "hms-reaper";

/**
 * One sweep over everything that says it is a sandbox. Each goes by itself; a failure is counted, waited out longer each
 * time, and told as an Event of its namespace from the third on. Doors are closed at once, whatever becomes of the rest.
 */
export async function reap(kube: KubeClient, options: ReapOptions): Promise<readonly Reaped[]> {
  const { databases, signal, now, limits, dryRun = false, progress } = options;
  // Databases before namespaces: see planReap.
  const clones = await databases.list(signal);
  const standing = (await sandboxNamespaces(kube, signal)).flatMap((one) => seenSandbox(one) ?? []);
  const failures = await readFailures(kube, signal);
  const doomed = planReap(standing, clones.filter(isSandboxName), failures, now, limits);
  if (dryRun)
    return doomed.map(({ name, why }) => ({
      name,
      why,
      result: "due",
      reason: null,
      failures: failures[name]?.count ?? 0,
    }));
  const done: Reaped[] = [];
  for (const one of doomed) {
    signal.throwIfAborted();
    done.push(await reapOne(kube, one, failures, options));
  }
  const failed = Object.fromEntries(
    done.flatMap(({ name, result, reason }) => (result === "failed" ? [[name, reason ?? ""]] : [])),
  );
  // What stands no more has no failures either, however it went.
  const there = new Set([...standing.map(({ name }) => name), ...clones]);
  const gone = [
    ...done.filter(({ result }) => result === "gone").map(({ name }) => name),
    ...Object.keys(failures).filter((name) => !there.has(name)),
  ];
  const after = failuresAfter(failures, failed, gone, now);
  if (JSON.stringify(after) !== JSON.stringify(failures)) await writeFailures(kube, after);
  for (const [name, failure] of Object.entries(after))
    if (name in failed && isAlarming(failure)) await alarm(kube, name, failure, progress);
  return done.map((one) => ({ ...one, failures: after[one.name]?.count ?? 0 }));
}

async function reapOne(
  kube: KubeClient,
  { name, why, waitsUntil }: Doomed,
  failures: Failures,
  options: ReapOptions,
): Promise<Reaped> {
  const { revoke, signal, progress } = options;
  const failed = (reason: string): Reaped => ({ name, why, result: "failed", reason, failures: 0 });
  if (waitsUntil) {
    // Whoever put a route back does not get in again.
    await Promise.allSettled([revoke(name), closeDoors(kube, name, signal)]);
    const reason = `tried again from ${waitsUntil.toISOString()}; last: ${failures[name]?.reason ?? ""}`;
    return { name, why, result: "waiting", reason, failures: 0 };
  }
  progress(`${name}: ${why}`);
  try {
    const { namespace, stuck } = await removeSandbox(kube, name, options);
    return namespace === "stuck" ? failed(stuck.join("; ")) : { name, why, result: "gone", reason: null, failures: 0 };
  } catch (error) {
    signal.throwIfAborted();
    return failed(reasonOf(error));
  }
}

async function readFailures(kube: KubeClient, signal: AbortSignal): Promise<Failures> {
  const text = asString(path(await kube.get(RECORD, { signal }), "data", "failures"));
  if (text === undefined) return {};
  try {
    return z.record(z.string(), failureSchema).parse(JSON.parse(text));
  } catch {
    // Somebody edited it: counting begins anew, which harms nobody.
    return {};
  }
}

async function writeFailures(kube: KubeClient, failures: Failures): Promise<void> {
  const { apiVersion, kind, name, namespace } = RECORD;
  const data = { failures: JSON.stringify(failures) };
  await kube.apply({ apiVersion, kind, metadata: { name, namespace }, data }, { fieldManager: MANAGER, force: true });
}

/** An Event in the namespace of all sandboxes, which outlives the one it is about; alerting watches those. */
async function alarm(kube: KubeClient, name: string, { count, at, reason }: Failure, progress: (line: string) => void) {
  const message = `sandbox ${name} could not be destroyed, ${count} times in a row: ${reason}`.slice(0, 1000);
  progress(`ALERT ${message}`);
  const involvedObject = { apiVersion: "v1", kind: "Namespace", name };
  const metadata = { name: `${name}.reaper`, namespace: "default" };
  const event = {
    ...{ apiVersion: "v1", kind: "Event", metadata, involvedObject, message, count, type: "Warning" },
    ...{ reason: "SandboxStuck", firstTimestamp: at, lastTimestamp: at, source: { component: "hms-reaper" } },
  };
  try {
    await kube.apply(event, { fieldManager: MANAGER, force: true });
  } catch (error) {
    progress(`${name}: the alert could not be written as an Event: ${reasonOf(error)}`);
  }
}
