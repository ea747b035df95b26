import { FREEZE_MAP } from "../../core/freeze/place";
import type { FreezeTexts } from "../../core/freeze/book";
import { asObject, asString, path } from "../../core/json";
import { reasonOf, RefusedError } from "../../platform/errors";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { isApiError, isConflict, isNotFound } from "../../platform/kube/errors";
import type { FreezeStore } from "./store";

const KEYS = ["flag", "calendar", "breakGlass"] as const;
const MANAGER = "hms-freeze";
const ATTEMPTS = 10;

/** The freeze in the stack's own cluster and namespace, where everything that moves traffic can see it. */
export function configMapStore(kube: KubeClient, namespace: string): FreezeStore {
  const ref = { apiVersion: "v1", kind: "ConfigMap", name: FREEZE_MAP, namespace };
  const where = `ConfigMap ${namespace}/${FREEZE_MAP}`;
  return {
    where,
    async read(signal) {
      return textsOf(await kube.get(ref, { signal }));
    },
    async update(change, signal) {
      for (let attempt = 1; ; attempt++) {
        const found = await kube.get(ref, { signal });
        const before = known(where, found);
        const data = dataOf(change(before));
        if (sameData(data, dataOf(before)) && found) return;
        try {
          const { apiVersion, kind } = ref;
          const labels = { "app.kubernetes.io/managed-by": "hms" };
          if (found) await kube.replace({ ...found, data }, { fieldManager: MANAGER, signal });
          else
            await kube.create(
              { apiVersion, kind, metadata: { name: FREEZE_MAP, namespace, labels }, data },
              { fieldManager: MANAGER, signal },
            );
          return;
        } catch (error) {
          if (isNotFound(error)) {
            throw new RefusedError(
              `there is no namespace ${namespace} to keep the freeze in; deploy the stack once, or make it: kubectl create namespace ${namespace}`,
              { cause: error },
            );
          }
          const raced = isConflict(error) || isApiError(error, "AlreadyExists");
          if (!raced || attempt === ATTEMPTS) throw error;
        }
      }
    },
  };
}

/** @throws RefusedError that names the place: whoever writes is not told that it freezes. */
function known(where: string, found: KubeObject | undefined): FreezeTexts {
  try {
    return textsOf(found);
  } catch (error) {
    throw new RefusedError(`${where} cannot be read: ${reasonOf(error)}; nothing was changed`, { cause: error });
  }
}

/** @throws Error for a key that means nothing: whoever wrote it wanted something else than it does. */
function textsOf(object: KubeObject | undefined): FreezeTexts {
  if (!object) return {};
  const data = asObject(path(object, "data")) ?? {};
  const unknown = [...Object.keys(data), ...Object.keys(asObject(path(object, "binaryData")) ?? {})].filter(
    (key) => !KEYS.some((known) => known === key),
  );
  if (unknown.length > 0)
    throw new RefusedError(`it has the key ${unknown.join(", ")}; allowed are ${KEYS.join(", ")}; rename or remove it`);
  return Object.fromEntries(
    KEYS.flatMap((key) => {
      const text = asString(data[key]);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

const dataOf = ({ flag, calendar, breakGlass }: FreezeTexts): Record<string, string> => ({
  ...(flag === undefined ? {} : { flag }),
  ...(calendar === undefined ? {} : { calendar }),
  ...(breakGlass === undefined ? {} : { breakGlass }),
});

const sameData = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  KEYS.every((key) => a[key] === b[key]);
