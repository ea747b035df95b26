import { reasonOf, RefusedError } from "../../platform/errors";
import { NotASandbox, removeSandbox, type Removal, type RemoveOptions } from "../../provider/sandbox/remove";
import { sandboxNamespaces } from "../../provider/sandbox/namespaces";
import { destroyStack, forget, freeLocks, recorded, type Engine, type RecordedResource } from "./engine";
import { refuseProtected, type SandboxPlace } from "./place";
import { removeStackFile } from "./stackFile";

export type Removers = Pick<RemoveOptions, "databases" | "revoke" | "patienceMs">;

/** Contract of `hms-sbx destroy --json`: keys are added, never renamed. */
export interface DestroyedSandbox {
  readonly name: string;
  /** `unknown`: nothing of that name was anywhere. */
  readonly result: "destroyed" | "unknown" | "stuck";
  /** Why it is stuck: what the API server says, with the names of finalizers. */
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/**
 * Takes a sandbox out of the world, looks again, and only then forgets it. Needs its name alone: neither program, nor
 * sources, nor image, nor template, nor the stack's file. Whatever is gone already is fine.
 * @throws RefusedError while somebody else works on it, and where something of it could not be removed.
 */
export async function destroy(
  place: SandboxPlace,
  name: string,
  removers: Removers,
  engine: Engine,
): Promise<DestroyedSandbox> {
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 100) / 10;
  refuseProtected(place, name);
  freeLocks(engine, name);
  const { signal, onLine } = engine;
  const [removal, record] = await Promise.all([
    removed(place, name, { ...removers, signal, progress: onLine }),
    recorded(engine, name),
  ]);
  if (removal.namespace === "stuck") return { name, result: "stuck", reasons: removal.stuck, seconds: seconds() };
  await refuseLeftOver(place, name, removers, signal);
  if (record) {
    // What was looked for above is all that a sandbox has; anything else is the engine's to take away.
    if (record.some((one) => !isCovered(one, name))) await destroyStack(engine, name);
    await forget(engine, name);
  }
  const hadFile = removeStackFile(place, name);
  const known = removal.database === "dropped" || removal.namespace === "deleted" || record !== undefined || hadFile;
  return { name, result: known ? "destroyed" : "unknown", reasons: [], seconds: seconds() };
}

async function removed(place: SandboxPlace, name: string, options: RemoveOptions): Promise<Removal> {
  try {
    return await removeSandbox(place.kube, name, options);
  } catch (error) {
    if (error instanceof NotASandbox) throw new RefusedError(error.message);
    options.signal.throwIfAborted();
    throw new RefusedError(`${name}: ${reasonOf(error)}. What is left is found again by: hms-sbx destroy ${name}`);
  }
}

/** @throws RefusedError when a second look finds something of it. */
async function refuseLeftOver(place: SandboxPlace, name: string, { databases }: Removers, signal: AbortSignal) {
  const [namespaces, clones] = await Promise.all([sandboxNamespaces(place.kube, signal), databases.list(signal)]);
  const left = [
    ...(namespaces.some((one) => one.name === name) ? [`namespace ${name}`] : []),
    ...(clones.includes(name) ? ["its database"] : []),
  ];
  if (left.length > 0)
    throw new RefusedError(`${name}: ${left.join(" and ")} came back while it was destroyed; run it again`);
}

/** Whether that resource is in the sandbox's namespace, is the namespace or the database, or is nothing in the world. */
export function isCovered({ type, namespace, name }: RecordedResource, sandbox: string): boolean {
  if (/^(pulumi:|hms:delivery:|random:)/.test(type) || type === "hms:data:SandboxDatabase") return true;
  // Kept by the registry, also by the engine.
  if (type === "docker:index/image:Image") return true;
  if (type === "kubernetes:core/v1:Namespace") return name === sandbox;
  return type.startsWith("kubernetes:") && namespace === sandbox;
}
