import { WITNESS } from "../../core/ledger/checkpoint";
import { asString, path } from "../../core/json";
import type { KubeClient } from "../../platform/kube/client";
import { isConflict } from "../../platform/kube/errors";
import type { Witness } from "./reading";

const KEY = "checkpoint.json";
const COUNT = "entries";

/** The cluster as the other place: whoever can write the ledger's folder alone cannot cut its end off unseen. */
export function clusterWitness(kube: KubeClient, namespace: string): Witness {
  const ref = { apiVersion: "v1", kind: "ConfigMap", name: WITNESS, namespace };
  return {
    async read() {
      const text = asString(path(await kube.get(ref), "data", KEY));
      return text === undefined ? undefined : { name: `ConfigMap ${namespace}/${WITNESS}`, text };
    },
    async write(text, count) {
      for (;;) {
        const found = await kube.get(ref);
        if (found && Number(asString(path(found, "data", COUNT)) ?? 0) >= count) return;
        const version = found?.metadata.resourceVersion;
        const { apiVersion, kind, name } = ref;
        const metadata = { name, namespace, ...(version === undefined ? {} : { resourceVersion: version }) };
        const data = { [KEY]: text, [COUNT]: String(count) };
        try {
          await kube.apply({ apiVersion, kind, metadata, data }, { fieldManager: "hms-ledger", force: true });
          return;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    },
  };
}
