import { readIdentity, type SandboxIdentity } from "../../core/sandbox/identity";
import { isSandboxName } from "../../core/sandbox/name";
import { problemText } from "../../core/service/problem";
import type { KubeClient } from "../../platform/kube/client";

/**
 * What the cluster says of a sandbox; `undefined` when there is none, or one that is being taken away.
 * @throws Error when that cannot be told, or the sandbox does not say until when it stands.
 */
export async function sandboxSeen(
  kube: KubeClient,
  name: string,
  signal?: AbortSignal,
): Promise<SandboxIdentity | undefined> {
  if (!isSandboxName(name)) return undefined;
  const namespace = await kube.get({ apiVersion: "v1", kind: "Namespace", name }, { signal });
  if (!namespace || namespace.metadata.deletionTimestamp !== undefined) return undefined;
  const read = readIdentity(namespace.metadata);
  if (!read.ok) throw new Error(`namespace ${name}: ${read.problems.map(problemText).join("; ")}`);
  if (read.value.name !== name) throw new Error(`namespace ${name} says that it is ${read.value.name}`);
  return read.value;
}
