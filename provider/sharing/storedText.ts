import { asString, path } from "../../core/json";
import { SANDBOXES_NAMESPACE, sandboxLabel } from "../../core/sandbox/identity";
import { RefusedError } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { isApiError, isConflict, isNotFound } from "../../platform/kube/errors";

/** Where what belongs to a sandbox is kept outside of it. */
export interface SharingPlace {
  readonly kube: KubeClient;
  /** @default hms-sandboxes */
  readonly namespace?: string;
}

/** One text of a sandbox in a ConfigMap of its own. */
export interface TextRef {
  readonly sandbox: string;
  readonly map: string;
  readonly key: string;
}

const MANAGER = "hms-sharing";
const ATTEMPTS = 10;

const refOf = ({ namespace = SANDBOXES_NAMESPACE }: SharingPlace, { map }: TextRef) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: map,
  namespace,
});

/** `undefined` when there is none. @throws whatever keeps it from being read. */
export async function readText(place: SharingPlace, of: TextRef, signal?: AbortSignal): Promise<string | undefined> {
  const found = await place.kube.get(refOf(place, of), { signal });
  if (!found) return undefined;
  const text = asString(path(found, "data", of.key));
  if (text === undefined) throw new Error(`ConfigMap ${of.map} has no ${of.key}`);
  return text;
}

/**
 * Changes it; tried again when somebody else wrote in between, so `change` may be called more than once. What it returns
 * unchanged is not written. @throws RefusedError where there is no such namespace.
 */
export async function updateText(
  place: SharingPlace,
  of: TextRef,
  change: (text: string | undefined) => string,
  signal?: AbortSignal,
): Promise<void> {
  const ref = refOf(place, of);
  for (let attempt = 1; ; attempt++) {
    const found = await place.kube.get(ref, { signal });
    const before = asString(path(found, "data", of.key));
    const after = change(before);
    if (found && after === before) return;
    const { apiVersion, kind, name, namespace } = ref;
    try {
      const data = { [of.key]: after };
      const labels = { ...sandboxLabel(of.sandbox), "app.kubernetes.io/managed-by": "hms" };
      if (found) await place.kube.replace({ ...found, data }, { fieldManager: MANAGER, signal });
      else
        await place.kube.create(
          { apiVersion, kind, metadata: { name, namespace, labels }, data },
          { fieldManager: MANAGER, signal },
        );
      return;
    } catch (error) {
      if (!found && isNotFound(error))
        throw new RefusedError(
          `there is no namespace ${namespace}, so nothing can be shared; bring it up with: hms local up --sandboxes`,
          { cause: error },
        );
      const raced = isConflict(error) || isNotFound(error) || isApiError(error, "AlreadyExists");
      if (!raced || attempt === ATTEMPTS) throw error;
    }
  }
}

/** False when there was none. */
export const removeText = (place: SharingPlace, of: TextRef, signal?: AbortSignal): Promise<boolean> =>
  place.kube.delete(refOf(place, of), { signal });
