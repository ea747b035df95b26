import { superfluous, configMapsOf } from "../../core/configMap/keep";
import type { ConfigContent } from "../../core/configMap/content";
import { POINTER_KEYS, pointerData, samePointer, type PointerData } from "../../core/configMap/pointer";
import { asArray, asObject, asString, path } from "../../core/json";
import { COLORS } from "../../core/rollout/color";
import { configPointerName, FIELD_MANAGER, LABEL, workloadName } from "../../core/rollout/names";
import type { ActualRollout } from "../../core/rollout/plan";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { apiErrorOf, isApiError, isConflict } from "../../platform/kube/errors";
import { messageOf } from "./errors";
import type { HeldLease } from "./lease";
import type { RolloutStore } from "./store";

/** How often a write of the pointer is tried again after somebody else's. */
const ATTEMPTS = 5;

/** The ConfigMaps of one service: those of its releases, and the pointer that names which of them are good. */
export class ConfigMaps {
  constructor(
    private readonly kube: KubeClient,
    private readonly store: RolloutStore,
  ) {}

  /** `undefined` for one that is not there. */
  async read(name: string): Promise<ConfigContent | undefined> {
    const found = await this.kube.get(this.ref(name));
    return found && { data: texts(found, "data"), binaryData: texts(found, "binaryData") };
  }

  /** Whether the pointer says something else than the rollout; both are right before the first release. */
  async isPointerWrong(actual: ActualRollout): Promise<boolean> {
    const wanted = pointerData(this.store.service, actual);
    if (!wanted) return false;
    const found = await this.kube.get(this.ref(this.pointer));
    return found === undefined || !samePointer(pointerOf(found), wanted);
  }

  /**
   * Makes the pointer say what the rollout is. Looks at the pointer before it looks at the rollout, and misses when
   * the pointer was written in between: so nobody puts an older word over a newer one.
   */
  async writePointer(): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await this.kube.get(this.ref(this.pointer));
      const wanted = pointerData(this.store.service, (await this.store.read()).actual);
      if (!wanted || (found && samePointer(pointerOf(found), wanted))) return;
      try {
        await this.put(found, wanted);
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    throw new Error(`ConfigMap ${this.store.namespace}/${this.pointer} is written by somebody else all the time`);
  }

  /**
   * Removes ConfigMaps that nobody can need any more. Only for who holds the lease: nothing is just being brought up then.
   * Who may not remove any, such as the pod of a scheduled move, leaves them to the next update.
   */
  async prune(lease: HeldLease): Promise<void> {
    await unlessForbidden(() => this.removeSuperfluous(lease));
  }

  /** For the end of the service: nothing of it is kept. */
  async removeAll(): Promise<void> {
    await unlessForbidden(async () => {
      for (const name of [...(await this.names()), this.pointer]) await this.kube.delete(this.ref(name));
    });
  }

  private get pointer(): string {
    return configPointerName(this.store.service);
  }

  private async removeSuperfluous(lease: HeldLease): Promise<void> {
    const { service } = this.store;
    const existing = await this.names();
    const inUse = await this.inUse();
    const { record } = (await this.store.read()).actual;
    for (const name of superfluous(service, existing, inUse, record)) {
      lease.lost.throwIfAborted();
      await this.kube.delete(this.ref(name));
    }
  }

  private async put(found: KubeObject | undefined, wanted: PointerData): Promise<void> {
    const { service, namespace } = this.store;
    const manager = { fieldManager: FIELD_MANAGER.switch };
    if (!found) {
      const labels = { [LABEL.service]: service };
      const metadata = { name: this.pointer, namespace, labels };
      await this.kube.apply(
        { apiVersion: "v1", kind: "ConfigMap", metadata, data: wanted },
        { ...manager, force: true },
      );
      return;
    }
    const data = Object.fromEntries(POINTER_KEYS.map((key) => [key, wanted[key] ?? null]));
    const { resourceVersion } = found.metadata;
    await this.kube.patch(
      this.ref(this.pointer),
      { metadata: resourceVersion === undefined ? {} : { resourceVersion }, data },
      { type: "merge", ...manager },
    );
  }

  /** Names alone: the contents may be large, and are nobody's business here. */
  private async names(): Promise<string[]> {
    const { service, namespace } = this.store;
    const answer = await this.kube.request("GET", `/api/v1/namespaces/${namespace}/configmaps`, {
      query: { labelSelector: `${LABEL.config}=${service}` },
      headers: { Accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
    });
    if (answer.status >= 300) throw apiErrorOf(answer.status, answer.text);
    const list: unknown = JSON.parse(answer.text);
    return asArray(path(list, "items")).flatMap((item) => asString(path(item, "metadata", "name")) ?? []);
  }

  private async inUse(): Promise<ReadonlySet<string>> {
    const { service, namespace } = this.store;
    const [pods, ...deployments] = await Promise.all([
      this.kube.list({ apiVersion: "v1", kind: "Pod", namespace }, { labelSelector: `${LABEL.service}=${service}` }),
      ...COLORS.map((color) =>
        this.kube.get({ apiVersion: "apps/v1", kind: "Deployment", namespace, name: workloadName(service, color) }),
      ),
    ]);
    const specs = [
      ...pods.map((pod) => path(pod, "spec")),
      ...deployments.map((one) => path(one, "spec", "template", "spec")),
    ];
    return new Set(specs.flatMap(configMapsOf));
  }

  private ref(name: string) {
    return { apiVersion: "v1", kind: "ConfigMap", name, namespace: this.store.namespace };
  }
}

/**
 * What follows a move that is done: the pointer names what is good now, and ConfigMaps that nobody needs go. The
 * traffic has moved, so nothing here is a failure of that; the next update or command makes up for it.
 */
export async function settleConfigMaps(
  kube: KubeClient,
  store: RolloutStore,
  lease: HeldLease,
  warn: (message: string) => void,
): Promise<void> {
  const maps = new ConfigMaps(kube, store);
  try {
    await maps.writePointer();
    await maps.prune(lease);
  } catch (error) {
    warn(
      `${store.service}: the traffic is as it should be, but its ConfigMaps could not be put in order: ` +
        `${messageOf(error)}. The next update does it`,
    );
  }
}

async function unlessForbidden(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
  }
}

const pointerOf = (object: KubeObject): PointerData => texts(object, "data");

function texts(object: KubeObject, key: "data" | "binaryData"): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(path(object, key)) ?? {});
  return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
