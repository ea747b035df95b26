import { Role, RolePolicy } from "@pulumi/aws/iam";
import type { Provider } from "@pulumi/aws/provider";
import { Parameter } from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { Account, AwsReach, LedgerLock } from "../core/account/account";
import { boundaryArn } from "../core/account/deployRole";
import { policyText, signerPolicy, signerTrust } from "../core/account/documents";
import { FREEZE_CALENDAR, SIGNER_ROLE } from "../core/account/names";
import { AccountBucket } from "./accountBucket";
import { AccountKeys, type LeftKeys } from "./accountKeys";
import { AccountRegistry } from "./accountRegistry";
import { AccountWatch } from "./accountWatch";

/** What an earlier life of the stack has left in an account: it is taken up again. */
export interface LeftBehind {
  readonly keys?: LeftKeys;
  readonly ledgerBucket?: boolean;
  /** Of releases. */
  readonly repositories?: readonly string[];
  /** Absent: nobody can have frozen the account yet. */
  readonly freeze?: boolean;
}

export interface GovCloudAccountArgs {
  readonly account: Account;
  readonly reach: AwsReach;
  /** The account's own; `accountProvider` makes it. */
  readonly provider: Provider;
  /** How long the ledger's entries may not be changed by anybody. */
  readonly ledgerLock: LedgerLock;
  /** Names of the stack's services, whose images it keeps. */
  readonly services: readonly string[];
  /** The stack's other accounts, which pull from its registry and have copies made to or from it. @default none */
  readonly others?: readonly Account[];
  /** @default nothing */
  readonly leftBehind?: LeftBehind;
}

/**
 * One agency's account, with all that deliveries into it stand on: keys, the ledger's and the snapshots' buckets, the
 * registry, the role that signs, logs, alarms, the freeze. The deploy role, its boundary and the state's bucket are there before, made
 * by `hms account bootstrap`.
 */
export class GovCloudAccount extends pulumi.ComponentResource {
  readonly provider: Provider;
  /** ARNs, by what each key is for. */
  readonly keyArns: Readonly<Record<"registry" | "ledger" | "snapshots" | "signing", pulumi.Output<string>>>;
  readonly ledgerBucket: pulumi.Output<string>;
  readonly snapshotBucket: pulumi.Output<string>;
  readonly registry: AccountRegistry;
  /** Whether its freeze can be asked before this update has made anything. */
  readonly hasFreeze: boolean;

  constructor(name: string, args: GovCloudAccountArgs, opts?: pulumi.ComponentResourceOptions) {
    const { account, provider, ledgerLock, services, others = [], leftBehind = {} } = args;
    super(
      "hms:delivery:GovCloudAccount",
      name,
      { account: account.name, id: account.id },
      {
        ...opts,
        providers: { aws: provider },
      },
    );
    this.provider = provider;
    this.hasFreeze = leftBehind.freeze ?? false;
    const child = { parent: this };
    const { keys } = new AccountKeys(
      `${name}-key`,
      { account, ...(leftBehind.keys === undefined ? {} : { left: leftBehind.keys }) },
      child,
    );
    this.keyArns = {
      registry: keys.registry.arn,
      ledger: keys.ledger.arn,
      snapshots: keys.snapshots.arn,
      signing: keys.signing.arn,
    };
    this.registry = new AccountRegistry(
      `${name}-registry`,
      {
        ...{ account, key: keys.registry.arn, services, pullers: others, left: leftBehind.repositories ?? [] },
        replicas: others.filter(({ name: other }) => account.replicateTo?.includes(other)),
        sources: others.filter(({ replicateTo }) => replicateTo?.includes(account.name)),
      },
      child,
    );
    const ledger = new AccountBucket(
      `${name}-ledger`,
      { account, purpose: "ledger", key: keys.ledger.arn, lock: ledgerLock, isThere: leftBehind.ledgerBucket ?? false },
      child,
    );
    const snapshots = new AccountBucket(
      `${name}-snapshots`,
      { account, purpose: "snapshots", key: keys.snapshots.arn },
      child,
    );
    this.ledgerBucket = ledger.bucket.bucket;
    this.snapshotBucket = snapshots.bucket.bucket;
    const signer = new Role(
      `${name}-signer`,
      {
        name: SIGNER_ROLE,
        assumeRolePolicy: policyText(signerTrust(account)),
        permissionsBoundary: boundaryArn(account),
        maxSessionDuration: 3600,
      },
      child,
    );
    new RolePolicy(
      `${name}-signer-policy`,
      { role: signer.name, name: "sign", policy: keys.signing.arn.apply((arn) => policyText(signerPolicy(arn))) },
      child,
    );
    new AccountWatch(`${name}-watch`, { account, key: keys.ledger.arn }, child);
    new Parameter(
      `${name}-freeze`,
      {
        name: FREEZE_CALENDAR,
        description: "Windows in which nothing may change in this account; see hms freeze",
        type: "String",
        value: '{"windows":[]}',
      },
      // People write it while the stack stands: an update must not take their windows away.
      { ...child, ignoreChanges: ["value"] },
    );
    this.registerOutputs({
      keys: this.keyArns,
      ledgerBucket: this.ledgerBucket,
      snapshotBucket: this.snapshotBucket,
      registry: this.registry.address,
    });
  }
}
