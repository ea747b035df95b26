import { z } from "zod";
import { asArray, asString, path } from "../json";

/** What the API server asks before it stores an object; see the Kubernetes API, admission.k8s.io/v1. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: string;
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: unknown;
  /** Absent when the object is new. */
  readonly oldObject: unknown;
}

const reviewSchema = z.object({
  apiVersion: z.literal("admission.k8s.io/v1"),
  kind: z.literal("AdmissionReview"),
  request: z.object({
    uid: z.string().min(1),
    kind: z.object({ kind: z.string() }),
    operation: z.string(),
    namespace: z.string().default(""),
    name: z.string().default(""),
    object: z.unknown().optional(),
    oldObject: z.unknown().optional(),
  }),
});

/** `undefined` for a text that is no review. */
export function requestIn(text: string): AdmissionRequest | undefined {
  try {
    const { request } = reviewSchema.parse(JSON.parse(text));
    return { ...request, kind: request.kind.kind, object: request.object, oldObject: request.oldObject };
  } catch {
    return undefined;
  }
}

/** The answer; what is wrong is shown to whoever asked for the object. */
export const answerTo = (uid: string, problems: readonly string[]): object => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  response:
    problems.length === 0
      ? { uid, allowed: true }
      : { uid, allowed: false, status: { code: 403, reason: "Forbidden", message: problems.join("\n") } },
});

/** The spec of the pods that an object is or makes; `undefined` where it has none. */
export function podSpecOf(kind: string, object: unknown): unknown {
  return kind === "Pod" ? path(object, "spec") : path(object, "spec", "template", "spec");
}

/** Images of all containers of a pod, each once. */
export function imagesOf(podSpec: unknown): readonly string[] {
  const images = ["initContainers", "containers", "ephemeralContainers"].flatMap((key) =>
    asArray(path(podSpec, key)).map((container) => asString(path(container, "image")) ?? ""),
  );
  return [...new Set(images)];
}

/**
 * What a request brings that was not there before: an object that stands is not asked again for its images, or nobody
 * could scale what runs while a registry is silent.
 */
export function broughtBy<T extends string>(
  { kind, object, oldObject }: AdmissionRequest,
  what: (podSpec: unknown) => readonly T[],
): readonly T[] {
  const before = what(podSpecOf(kind, oldObject));
  return what(podSpecOf(kind, object)).filter((one) => !before.includes(one));
}
