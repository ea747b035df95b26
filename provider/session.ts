import { OWN } from "../core/account/way";
import type { LedgerFact } from "../core/ledger/entry";
import type { LedgerWish } from "../core/ledger/wish";
import { tellAlarms } from "./account/alarms";
import type { Ledger } from "./ledger/ledger";
import { openLedger } from "./ledger/open";
import { Recorder, type Warn } from "./ledger/recorder";
import { clusterWitness } from "./ledger/witness";
import { DataPlane } from "./rollout/dataPlane";
import { acquireLease, seizeLease, type HeldLease } from "./rollout/lease";
import { RolloutStore } from "./rollout/store";
import { CLUSTER } from "../platform/local/layout";
import { KubeClient } from "../platform/kube/client";

/** What one provider process holds: the cluster it talks to, and the leases that its resources share. */
export class Session {
  private readonly leases = new Map<string, HeldLease>();
  private readonly ledgers = new Map<string, Ledger>();
  private client: KubeClient | undefined;

  /**
   * @param kubeconfig path of the file to use instead of KUBECONFIG and the user's own.
   * @param ledger where moves are recorded; absent for what never moves traffic forward.
   */
  constructor(
    private readonly context: string | undefined,
    private readonly kubeconfig?: string,
    private readonly ledger?: LedgerWish,
  ) {}

  /** Whether this is the platform of this machine, whose registry we may push to. */
  get isLocal(): boolean {
    return this.context === CLUSTER.context;
  }

  get kube(): KubeClient {
    this.client ??= KubeClient.load({
      ...(this.context === undefined ? {} : { context: this.context }),
      ...(this.kubeconfig === undefined ? {} : { kubeconfig: this.kubeconfig }),
    });
    return this.client;
  }

  store(service: string, namespace: string): RolloutStore {
    return new RolloutStore(this.kube, service, namespace);
  }

  /** Tells the stack's ledger of one rollout; `undefined` where there is no ledger. */
  recorder(store: RolloutStore, warn: Warn): Recorder | undefined {
    const { ledger: wish } = this;
    return wish && new Recorder(() => this.openLedger(wish, store.namespace), store, warn, alarmsOf(wish));
  }

  /** Tells the stack's ledger of what is no move of a rollout; nothing where there is no ledger. @throws what keeps it from being told */
  async tell(
    place: { readonly service: string; readonly namespace: string },
    facts: readonly LedgerFact[],
  ): Promise<void> {
    if (this.ledger === undefined) return;
    await this.recorder(this.store(place.service, place.namespace), () => undefined)?.tell(facts);
  }

  /** One for all that this process records there: what it has verified it need not verify again. */
  private async openLedger(wish: LedgerWish, namespace: string): Promise<Ledger> {
    const opened = this.ledgers.get(namespace) ?? (await openLedger(wish, clusterWitness(this.kube, namespace)));
    this.ledgers.set(namespace, opened);
    return opened;
  }

  dataPlane(address: string, host: string): DataPlane {
    return new DataPlane(address, host);
  }

  /** The service's lease: the one this process holds already, else a new one. @throws Refusal when somebody else holds it. */
  async lease(store: RolloutStore, signal?: AbortSignal): Promise<HeldLease> {
    const key = `${store.namespace}/${store.service}`;
    const held = this.leases.get(key);
    if (held && !held.lost.aborted) return held;
    const fresh = await acquireLease(this.kube, store, signal);
    this.leases.set(key, fresh);
    return fresh;
  }

  /** The lease if this process holds it; none is taken. */
  held(store: RolloutStore): HeldLease | undefined {
    return this.leases.get(`${store.namespace}/${store.service}`);
  }

  /** The service's lease, taken from whoever has it; see seizeLease. */
  async seizeLease(store: RolloutStore): Promise<HeldLease> {
    const seized = await seizeLease(this.kube, store);
    this.leases.set(`${store.namespace}/${store.service}`, seized);
    return seized;
  }

  async releaseLease(store: RolloutStore): Promise<void> {
    const key = `${store.namespace}/${store.service}`;
    const held = this.leases.get(key);
    this.leases.delete(key);
    await held?.release();
  }

  /** Gives everything back; for the end of the process. */
  async close(): Promise<void> {
    const held = [...this.leases.values()];
    this.leases.clear();
    await Promise.allSettled(held.map((lease) => lease.release()));
  }
}

/** The account that keeps the ledger has alarms for moves that go wrong. */
function alarmsOf({ name, store }: LedgerWish): ((facts: readonly LedgerFact[]) => Promise<void>) | undefined {
  const account = store && "account" in store ? store.account : OWN;
  return account === OWN ? undefined : (facts) => tellAlarms(name, account, facts);
}
