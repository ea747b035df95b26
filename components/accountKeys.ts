import { Alias, Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../core/account/account";
import { keyPolicy, policyText } from "../core/account/documents";
import { keyAlias, type KeyPurpose } from "../core/account/names";

/** `state` is none of them: what the state is encrypted with is there before the first update. */
export type BaselineKey = Exclude<KeyPurpose, "state">;
const BASELINE_KEYS = ["registry", "ledger", "snapshots", "signing"] as const satisfies readonly BaselineKey[];

const DESCRIPTIONS: Readonly<Record<BaselineKey, string>> = {
  registry: "Images of the account's services",
  ledger: "The ledger of what was delivered, and logs",
  snapshots: "Scrubbed copies of databases",
  signing: "Signatures of images and of the ledger",
};

/** Longest that AWS offers, in days: what a deleted key had encrypted is lost with it. */
const DELETION_WINDOW = 30;

export interface AccountKeysArgs {
  readonly account: Account;
  /** Ids of keys that an earlier life of the stack has left in the account. @default none */
  readonly left?: LeftKeys;
}

/**
 * Keys that outlive the stack: the ledger and the images of releases do, and are worth nothing without theirs, nor without
 * the one by which they are verified.
 */
export const LASTING = ["ledger", "registry", "signing"] as const satisfies readonly BaselineKey[];
export type LastingKey = (typeof LASTING)[number];
export type LeftKeys = Readonly<Partial<Record<LastingKey, string>>>;
const isLasting = (purpose: BaselineKey): purpose is LastingKey => LASTING.some((one) => one === purpose);

/** The keys of an account, one for each thing that is kept there. */
export class AccountKeys extends pulumi.ComponentResource {
  readonly keys: Readonly<Record<BaselineKey, Key>>;

  constructor(name: string, { account, left = {} }: AccountKeysArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hms:delivery:AccountKeys", name, {}, opts);
    const made = BASELINE_KEYS.map((purpose) => {
      const child = { parent: this, ...(isLasting(purpose) ? { retainOnDelete: true } : {}) };
      const there = isLasting(purpose) ? left[purpose] : undefined;
      const taken = (id: string) => (there === undefined ? child : { ...child, import: id });
      const key = new Key(`${name}-${purpose}`, keyArgs(account, purpose), taken(there ?? ""));
      const alias = keyAlias(purpose);
      new Alias(`${name}-${purpose}-alias`, { name: alias, targetKeyId: key.keyId }, taken(alias));
      return [purpose, key] as const;
    });
    this.keys = Object.fromEntries(made) as Record<BaselineKey, Key>;
    this.registerOutputs({});
  }
}

function keyArgs(account: Account, purpose: BaselineKey) {
  const common = {
    description: DESCRIPTIONS[purpose],
    policy: policyText(keyPolicy(account, purpose)),
    deletionWindowInDays: DELETION_WINDOW,
  };
  return purpose === "signing"
    ? { ...common, keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256" }
    : { ...common, enableKeyRotation: true };
}
