/** From inputs to what is sent to the API, and what a preview can say of the answer. */
import { isProperties, reveal, UNKNOWN, withoutUnknowns, type Properties } from "../../rpc";
import type { KubeObject } from "../../kube/client";
import { annotationsOf } from "./tokens";

/** Keys of ours in outputs; never sent. */
export const MEMORY = {
  inputs: "__inputs",
  fieldManager: "__fieldManager",
  apiVersion: "__initialApiVersion",
} as const;

export const ANNOTATION = {
  skipAwait: "pulumi.com/skipAwait",
  timeout: "pulumi.com/timeoutSeconds",
  force: "pulumi.com/patchForce",
  fieldManager: "pulumi.com/patchFieldManager",
  propagation: "pulumi.com/deletionPropagationPolicy",
} as const;

/** What is applied: plain, complete, without what is not known yet. @throws Error without a name. */
export function manifestOf(inputs: Properties): KubeObject {
  const object = withoutUnknowns(reveal(inputs));
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !isProperties(metadata)) {
    throw new Error("an object needs apiVersion, kind and metadata");
  }
  return { ...object, apiVersion, kind, metadata };
}

/** Of what only the server decides when it stores the object, a preview knows nothing. */
export function previewOutputs(known: Properties): Properties {
  const metadata = isProperties(known.metadata) ? known.metadata : {};
  const unknown = { uid: UNKNOWN, resourceVersion: UNKNOWN, generation: UNKNOWN, creationTimestamp: UNKNOWN };
  const outputs: Properties = { status: UNKNOWN, ...known, metadata: { ...metadata, ...unknown } };
  if (isProperties(known.status) && Object.keys(known.status).length === 0) outputs.status = UNKNOWN;
  if (known.kind === "Service" && isProperties(known.spec) && known.spec.type !== "ExternalName") {
    outputs.spec = { clusterIP: UNKNOWN, clusterIPs: UNKNOWN, ...known.spec };
  }
  return outputs;
}

/** A dry run answers with addresses and ids that the real run will not give. */
export function settledOnly(answer: Properties, inputs: Properties): Properties {
  const spec = reveal(inputs).spec;
  if (answer.kind !== "Service" || !isProperties(answer.spec)) return answer;
  const { clusterIP, clusterIPs, ...rest } = answer.spec;
  const chosen = isProperties(spec) && spec.clusterIP !== undefined;
  return {
    ...answer,
    spec: chosen && clusterIP !== undefined ? { ...rest, clusterIP, clusterIPs: clusterIPs ?? [clusterIP] } : rest,
  };
}

export function isForced(inputs: Properties, env: NodeJS.ProcessEnv = process.env): boolean {
  return isTrue(annotationsOf(inputs)[ANNOTATION.force]) || isTrue(env.PULUMI_K8S_ENABLE_PATCH_FORCE);
}

export function skipsAwait(inputs: Properties): boolean {
  return isTrue(annotationsOf(inputs)[ANNOTATION.skipAwait]);
}

/** `customTimeouts` first, then the annotation. */
export function timeoutOf(inputs: Properties, custom: number | undefined, otherwise: number): number {
  const annotated = Number(annotationsOf(inputs)[ANNOTATION.timeout]);
  return custom ?? (Number.isFinite(annotated) && annotated > 0 ? annotated : otherwise);
}

export function propagationOf(inputs: Properties): "Foreground" | "Background" | "Orphan" {
  switch (annotationsOf(inputs)[ANNOTATION.propagation]) {
    case "background":
    case "Background":
      return "Background";
    case "orphan":
    case "Orphan":
      return "Orphan";
    default:
      return "Foreground";
  }
}

const isTrue = (v: unknown): boolean => v === true || (typeof v === "string" && v.toLowerCase() === "true");
