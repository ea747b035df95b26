import * as pulumi from "@pulumi/pulumi";
import type { SignerWish, TrustWish } from "../core/attest/wish";
import type { ChaosGate } from "../core/chaos/gate";
import type { MigrationWork } from "../core/migrations/note";
import type { LedgerWish } from "../core/ledger/wish";
import type { Color } from "../core/rollout/color";
import type { Schedule } from "../core/rollout/scheduled";
import type { Approval } from "../core/source/rules";
import type { FreezePlace } from "../core/freeze/place";
import type { Gate } from "../core/gates/gate";
import type { SyntheticRequest } from "../core/gates/synthetic";
import type { HttpsParent } from "../core/rollout/route";
import type { MoveStep } from "../core/rollout/strategy";
import type { ScanWish } from "../core/scan/wish";
import type { SmokeTest } from "../core/service/smoke";

/** The cluster in which rollouts happen. The context's *name* is all that reaches the state: paths differ between machines. */
export class HmsProvider extends pulumi.ProviderResource {
  constructor(
    name: string,
    args: {
      readonly context: string;
      /** Instead of the user's own. @default - KUBECONFIG, as plain kubectl reads it */
      readonly kubeconfig?: pulumi.Input<string>;
      readonly ledger: LedgerWish;
    },
    opts?: pulumi.ResourceOptions,
  ) {
    const { context, kubeconfig, ledger } = args;
    const own = kubeconfig === undefined ? {} : { kubeconfig };
    super("hms", name, { context, ...own, ledger: JSON.stringify(ledger) }, opts);
  }
}

interface ServiceKey {
  /** Name of the service; its workloads are `<service>-blue` and `<service>-green`. */
  readonly service: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
}

export interface RolloutLeaseArgs extends ServiceKey {
  /** Color that is to be live when the update is done. */
  readonly color: Color;
  /** Release that is to be live then. */
  readonly release: string;
  /** Live color that the plan was made from. */
  readonly seen: Color | null;
  /** Overwrites weights that somebody else wrote. */
  readonly takeOver: boolean;
  /** The color gets another release: what stands there is taken away first, until the gateway knows no pod of it. */
  readonly empties: boolean;
  readonly host: string;
  readonly gatewayAddress: string;
  readonly healthPath: string;
  /** What the idle color will ask of the nodes. */
  readonly needs: { readonly replicas: number; readonly cpu: string; readonly memory: string };
  /** Where a freeze is asked for. @default - nobody asks, as for a way back */
  readonly freeze?: FreezePlace;
}

/** Keeps every other update off one service until this one is done. Everything that changes the idle color depends on it. */
export class RolloutLease extends pulumi.CustomResource {
  constructor(name: string, args: RolloutLeaseArgs, opts: pulumi.CustomResourceOptions) {
    super("hms:rollout:RolloutLease", name, { ...args }, opts);
  }
}

export interface ScannedImageArgs extends ServiceKey {
  /** Name under which the Docker Engine has it and the registry gets it: `<registry>/<repository>:<tag>`. */
  readonly name: string;
  /** What the build gave; another value is another image. */
  readonly built: pulumi.Input<string>;
  /** Digest of what it is made from. */
  readonly contextHash: string;
  /** What it must not have in it. */
  readonly scan: ScanWish;
  /** By whom the scan and the bill of materials are attested. @default - they are not */
  readonly signing?: { readonly local: boolean; readonly signer?: SignerWish };
}

/** An image that is pushed because its scan passed; see docs/decisions/0038. */
export class ScannedImage extends pulumi.CustomResource {
  /** `<repository>@sha256:<digest>` */
  declare readonly image: pulumi.Output<string>;

  constructor(name: string, args: ScannedImageArgs, opts: pulumi.CustomResourceOptions) {
    const outputs = { image: undefined, verdict: undefined };
    super("hms:image:ScannedImage", name, { ...args, ...outputs }, opts);
  }
}

export interface SignedImageArgs extends TrustWish {
  /** By digest. */
  readonly image: pulumi.Input<string>;
  /** Whose, for messages. */
  readonly service: string;
  /** Whether it was built here, so that it is ours to sign. */
  readonly built: boolean;
  /** @default - somebody else signs */
  readonly signer?: SignerWish;
}

/** An image that a listed key vouches for: signed if it was built here, and verified whoever signed it. */
export class SignedImage extends pulumi.CustomResource {
  /** The same image; what takes it from here runs nothing unverified. */
  declare readonly image: pulumi.Output<string>;
  /** Id of the key that signed. */
  declare readonly key: pulumi.Output<string>;

  constructor(name: string, args: SignedImageArgs, opts: pulumi.CustomResourceOptions) {
    const lists = { keys: [...args.keys], attestations: [...args.attestations] };
    super("hms:image:SignedImage", name, { ...args, ...lists, key: undefined }, opts);
  }
}

export interface MigrationArgs extends ServiceKey {
  /** Color that is to be live when the update is done. */
  readonly color: Color;
  /** Release that the database is brought to. */
  readonly release: string;
  /** Label of the release, for messages. */
  readonly tag: string;
  /** Where a freeze is asked for before `up` begins. @default - nobody asks, as for a way back */
  readonly freeze?: FreezePlace;
  /** Commands, and with what they run. @default - the release has none; what others owe is done all the same */
  readonly work?: Omit<MigrationWork, "image"> & { readonly image: pulumi.Input<string> };
}

/** Runs what a release needs done to its database, once, before a pod of it runs; see docs/decisions/0020. */
export class Migration extends pulumi.CustomResource {
  constructor(name: string, args: MigrationArgs, opts: pulumi.CustomResourceOptions) {
    super("hms:rollout:Migration", name, { ...args }, opts);
  }
}

export interface VerificationArgs extends ServiceKey {
  readonly color: Color;
  readonly release: string;
  /** Label of the release, for messages. */
  readonly tag: string;
  readonly host: string;
  readonly gatewayAddress: string;
  readonly healthPath: string;
  readonly smoke: readonly SmokeTest[];
  /** Needed service -> requests with the answers that the release relies on. @default none */
  readonly examples?: Readonly<Record<string, readonly SmokeTest[]>>;
  /** Services that may need this one; what their live releases rely on is asked of this one. @default none */
  readonly dependents?: readonly string[];
  /** Whose signatures the image that stands there needs. @default - none, as for a way back */
  readonly signed?: TrustWish;
  /** Kills pods of the color before traffic moves there. @default - nothing is killed */
  readonly chaos?: ChaosGate & { readonly startupSeconds: number };
}

/** Proves a color while it has no traffic; an update that fails here has moved nothing. */
export class Verification extends pulumi.CustomResource {
  constructor(name: string, args: VerificationArgs, opts: pulumi.CustomResourceOptions) {
    super("hms:rollout:Verification", name, { ...args, smoke: [...args.smoke] }, opts);
  }
}

export interface TrafficSwitchArgs extends ServiceKey {
  readonly hostnames: readonly string[];
  readonly gateway: {
    readonly name: string;
    readonly namespace: string;
    readonly address: string;
    readonly section?: string;
    readonly https?: HttpsParent;
  };
  /** Color that is to have the traffic. Creating or updating this resource moves it there. */
  readonly live: Color;
  readonly release: string;
  readonly seen: Color | null;
  /** Path asked on the public route to see who answers. */
  readonly probePath: string;
  readonly intent: "deploy" | "rollback";
  readonly steps: readonly MoveStep[];
  /** Gates that the steps name. */
  readonly gates: readonly Gate[];
  /** What synthetic load asks. @default - no step sends any */
  readonly syntheticRequests?: readonly SyntheticRequest[];
  /** Where Prometheus is reached from the engine's machine. */
  readonly prometheus: string;
  /** What pods see a move to its end that stops on its way or waits for its instant; addresses as pods see them, image empty for the local platform's own. */
  readonly watcher?: { readonly image: string; readonly gateway: string; readonly prometheus: string };
  /** What is to get the traffic at an instant, while `live` stays so. @default - nothing waits */
  readonly schedule?: Schedule;
  /** Share that the other color keeps while its move is parked. */
  readonly parkedShare?: number;
  /** Keeps users on their color while the traffic is divided. @default - each request is dealt for itself */
  readonly affinity?: "cookie";
  readonly takeOver: boolean;
  /** Lifts the hold on a release that failed. */
  readonly retry: boolean;
  /** True: no traffic moves without the word of the policy pack on this plan. @default - it is recorded where there is one */
  readonly production?: boolean;
  /** True: no traffic moves unless somebody's role was asked for, and may deploy. @default - it is recorded where it was */
  readonly permission?: boolean;
  /** Where a freeze is asked for before each weight. @default - nobody asks, as for a way back */
  readonly freeze?: FreezePlace;
  /** What vouches for the source; the ledger is told. @default - the stack may be deployed from anywhere */
  readonly approval?: Approval;
}

/** Owns a service's one route, and alone writes its weights. */
export class TrafficSwitch extends pulumi.CustomResource {
  declare readonly live: pulumi.Output<Color>;
  declare readonly weights: pulumi.Output<{ readonly blue: number; readonly green: number }>;

  constructor(name: string, args: TrafficSwitchArgs, opts: pulumi.CustomResourceOptions) {
    const outputs = { weights: undefined, writer: undefined, pointer: undefined };
    super("hms:rollout:TrafficSwitch", name, { ...args, ...outputs }, opts);
  }
}

export interface LocalCertificateArgs extends ServiceKey {
  /** Host names that it is for, all below localhost. */
  readonly hosts: readonly string[];
  /** Secret that takes certificate and key. */
  readonly secret: string;
  /** Where the local gateway serves it. */
  readonly port: number;
}

/** A certificate of the local platform's authority in a Secret, renewed when two thirds of its life are over. */
export class LocalCertificate extends pulumi.CustomResource {
  /** SHA-256 of the certificate. */
  declare readonly fingerprint: pulumi.Output<string>;
  /** ISO 8601. */
  declare readonly notAfter: pulumi.Output<string>;

  constructor(name: string, args: LocalCertificateArgs, opts: pulumi.CustomResourceOptions) {
    const outputs = { serial: undefined, fingerprint: undefined, notBefore: undefined, notAfter: undefined };
    super("hms:tls:LocalCertificate", name, { ...args, hosts: [...args.hosts], ...outputs }, opts);
  }
}

export interface ServingCertificateArgs extends ServiceKey {
  /** Name that clients ask for. */
  readonly host: string;
  /** Secret that takes certificate and key. */
  readonly secret: string;
}

/** A certificate of a server inside the cluster, which vouches for itself, in a Secret; renewed as the others are. */
export class ServingCertificate extends pulumi.CustomResource {
  /** What its clients trust: base64 of PEM. */
  declare readonly bundle: pulumi.Output<string>;

  constructor(name: string, args: ServingCertificateArgs, opts: pulumi.CustomResourceOptions) {
    super("hms:tls:ServingCertificate", name, { ...args, bundle: undefined, serial: undefined }, opts);
  }
}

export interface SandboxDatabaseArgs {
  /** Secret of the cluster that says how the sandboxes' server is administered: `<namespace>/<name>`. */
  readonly server: pulumi.Input<string>;
  /** Whose snapshot. */
  readonly service: pulumi.Input<string>;
  /** Id of a loaded snapshot, or `latest`: the newest that is loaded when the database is made. Another id replaces it. */
  readonly snapshot: pulumi.Input<string>;
  /** Its name and its role's: the sandbox's with `_`, `sbx_42`. */
  readonly database: pulumi.Input<string>;
  readonly role: pulumi.Input<string>;
  /** Printable ASCII. A secret in the state, whatever the program calls it. */
  readonly password: pulumi.Input<string>;
  /** Of the role, at once. @default 20 */
  readonly connectionLimit?: pulumi.Input<number>;
  /** How old the snapshot may be when the database is made. @default 36 */
  readonly maxAgeHours?: pulumi.Input<number>;
  /** `sbx-42`. */
  readonly sandbox: pulumi.Input<string>;
}

/**
 * A sandbox's own database: a copy of a scrubbed snapshot on the sandboxes' server, and a role that reaches nothing else
 * there. It has what its reviewers write; replacing or removing it takes that away.
 */
export class SandboxDatabase extends pulumi.CustomResource {
  declare readonly database: pulumi.Output<string>;
  declare readonly role: pulumi.Output<string>;
  /** As pods reach it. */
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  /** Id of the snapshot in it. */
  declare readonly snapshot: pulumi.Output<string>;
  /** When the source was as the snapshot is. ISO 8601. */
  declare readonly takenAt: pulumi.Output<string>;
  declare readonly template: pulumi.Output<string>;

  constructor(name: string, args: SandboxDatabaseArgs, opts: pulumi.CustomResourceOptions) {
    const outputs = { host: undefined, port: undefined, takenAt: undefined, template: undefined };
    const secrets = { additionalSecretOutputs: ["password"] };
    super("hms:data:SandboxDatabase", name, { ...args, ...outputs }, pulumi.mergeOptions(opts, secrets));
  }
}
