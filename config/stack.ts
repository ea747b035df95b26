import type { Account, AwsReach, LedgerLock } from "../core/account/account";
import type { SigningWish } from "../core/attest/wish";
import type { Waves } from "../core/fleet/waves";
import type { FreezePlace } from "../core/freeze/place";
import type { LedgerWish } from "../core/ledger/wish";
import type { PermissionWish } from "../core/permission/identity";
import type { SchedulePolicy } from "../core/schedule/field";
import type { ScanWish } from "../core/scan/wish";
import type { NotBefore } from "../core/schedule/notBefore";
import type { ServiceConfig } from "../core/service/service";
import type { ApprovedSources } from "../core/source/rules";
import type { TlsSettings } from "../core/tls/settings";
import type { StackValues } from "./schema";
import type { RegistryPruneConfig } from "./registryPrune";
import type { SnapshotConfig } from "./snapshots";

/** Everything one stack decides, checked as a whole. */
export interface StackConfig {
  readonly stack: string;
  readonly kubeContext: string;
  readonly namespace: string;
  /** Each service answers at `<service>.<domain>`. */
  readonly domain: string;
  readonly gateway: StackValues["gateway"];
  /** Who makes the certificates of its services. Absent: they are served by http alone. */
  readonly tls?: TlsSettings;
  readonly registry: string;
  readonly prometheus: string;
  /** The same for what runs in the cluster, as its pods see it. */
  readonly inCluster: {
    /** Image of the runner, by digest. Absent: the local platform makes it; another cluster then has none. */
    readonly image?: string;
    readonly prometheus: string;
    readonly gateway: string;
  };
  /** What it may be deployed from. Absent: from anywhere. */
  readonly approvedSources?: ApprovedSources;
  /** Where the change-freeze is kept, and what it does to a move that is on its way. */
  readonly freeze: Omit<FreezePlace, "stack">;
  /** Where every change of weights is recorded. */
  readonly ledger: LedgerWish;
  /** How somebody proves in which role they act. Absent: nobody has to, and who names no role is not asked. */
  readonly permission?: PermissionWish;
  /** Whose signatures an image needs. Absent: none, which is said once in each run. */
  readonly signing?: SigningWish;
  /** In which order services are updated; absent: side by side. */
  readonly waves?: Waves;
  /** Whether `destroy` is refused. */
  readonly protect: boolean;
  /** Whether no traffic moves without the word of the policy pack. */
  readonly production: boolean;
  /** Services whose held release may go live again. */
  readonly retry: readonly string[];
  /** Services whose weights may be taken from whoever wrote them last. */
  readonly takeOver: readonly string[];
  /** The only services whose release may change; absent: all of them. */
  readonly only?: readonly string[];
  /** The only accounts in which a release may change; absent: all of them. */
  readonly onlyAccounts?: readonly string[];
  /** Percent at which this update parks each of its moves. */
  readonly traffic?: number;
  /** Whether this update may take away what another service's live release needs. */
  readonly breakDependents: boolean;
  /** Earliest instant of each move; absent: as soon as the release is proven. */
  readonly notBefore?: NotBefore;
  /** What becomes of a scheduled move that something holds. */
  readonly schedule: SchedulePolicy;
  /** Service -> id of the release that is wanted instead of the source's. */
  readonly pins: Readonly<Record<string, string>>;
  /** What an image that is built here is scanned for before it is pushed. Absent: nothing is scanned. */
  readonly scan?: ScanWish;
  /** Sorted by name. */
  readonly services: readonly ServiceConfig[];
  /** Snapshots that are taken by themselves, sorted by service. */
  readonly snapshots: readonly SnapshotConfig[];
  /** When images that nobody uses are looked for, and whether they are removed. Absent: never. */
  readonly registryPrune?: RegistryPruneConfig;
  /** AWS accounts that the stack keeps or delivers to, sorted by name. Empty: nothing of AWS is loaded. */
  readonly accounts: readonly Account[];
  readonly aws: AwsReach;
  /** How the ledger of each account is locked. */
  readonly ledgerLock: LedgerLock;
  /** Where services go; see targets.ts. */
  readonly targets: "cluster" | "accounts";
}
