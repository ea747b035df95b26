import { reasonOf } from "../errors";
import type { KubeClient, KubeObject } from "../kube/client";
import { pause } from "../kube/watch";

const RETRY_MS = 500;

export interface CollectionOptions<T> {
  readonly kube: KubeClient;
  readonly apiVersion: string;
  readonly kind: string;
  /** What of an object counts; undefined if nothing does. What it throws is logged, and the object does not count. */
  readonly read: (object: KubeObject) => T | undefined;
  readonly onChange: () => void;
  readonly log: (line: string) => void;
}

/** All objects of a kind, kept up to date. Whatever fails is tried again; what was known until then stays known. */
export class Collection<T> {
  private items: ReadonlyMap<string, T> = new Map();
  private complete = false;

  constructor(private readonly options: CollectionOptions<T>) {}

  get values(): readonly T[] {
    return [...this.items.values()];
  }

  /** Whether all that there is was seen once. */
  get isComplete(): boolean {
    return this.complete;
  }

  /** Runs until the signal ends it. */
  async follow(signal: AbortSignal): Promise<void> {
    const { kind, log } = this.options;
    for (let said = ""; ;) {
      try {
        await this.watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = `cannot watch ${kind}: ${reasonOf(error)}; trying again`;
        if (failure !== said) log(failure);
        said = failure;
        await pause(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  /** One watch knows from its own start alone what is gone, so what it tells is complete only when it has told all. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { kube, apiVersion, kind, onChange } = this.options;
    const items = new Map<string, T>();
    const onListed = () => {
      this.items = items;
      this.complete = true;
      onChange();
    };
    for await (const { type, object } of kube.watch({ apiVersion, kind, onListed, signal })) {
      const key = object.metadata.uid ?? "";
      const item = type === "DELETED" ? undefined : this.readOne(object);
      if (item === undefined) items.delete(key);
      else items.set(key, item);
      if (this.items === items) onChange();
    }
  }

  private readOne(object: KubeObject): T | undefined {
    const { kind, read, log } = this.options;
    try {
      return read(object);
    } catch (error) {
      log(`${kind} ${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
