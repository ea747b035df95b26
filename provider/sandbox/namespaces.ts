import { SANDBOX_LABEL } from "../../core/sandbox/identity";
import type { SandboxNamespace } from "../../core/sandbox/seen";
import type { KubeClient } from "../../platform/kube/client";
import type { InvokeRequest, InvokeResult } from "../../platform/rpc";
import type { Session } from "../session";

/** Every namespace that says it is a sandbox. */
export async function sandboxNamespaces(kube: KubeClient, signal?: AbortSignal): Promise<readonly SandboxNamespace[]> {
  const found = await kube.list({ apiVersion: "v1", kind: "Namespace" }, { labelSelector: SANDBOX_LABEL, signal });
  return found.map(({ metadata }) => ({
    name: metadata.name ?? "",
    labels: { ...metadata.labels },
    annotations: { ...metadata.annotations },
    madeAt: metadata.creationTimestamp ?? "",
    leaving: metadata.deletionTimestamp !== undefined,
  }));
}

/** `hms:sandbox:getSandboxes`: what stands now, in preview and in the real run. */
export async function getSandboxes(session: Session, { signal }: InvokeRequest): Promise<InvokeResult> {
  return { result: { namespaces: await sandboxNamespaces(session.kube, signal) } };
}
