import { iamArn, type Partition } from "../aws/arn";
import type { AccountState } from "./state";

/** Where pods of an account run: its EKS cluster, found by name with the account's role, or a context of the kubeconfig. */
export type AccountCluster = (
  { readonly eks: string } | { readonly kubeContext: string; readonly namespace?: string | undefined }
) & {
  /** Name of the role that its nodes pull images by, from the registries of other accounts too. */
  readonly pullRole?: string | undefined;
};

/** One agency's AWS account, as the stack's file registers it. */
export interface Account {
  /** The agency, in short: `usda`. */
  readonly name: string;
  /** 12 digits. */
  readonly id: string;
  /** Id of the commercial account it was paired with. */
  readonly commercialId?: string;
  readonly partition: Partition;
  readonly region: string;
  /** Name of the role that the program takes on in it. */
  readonly role: string;
  /** What the role's trust asks of whoever takes it on; no secret, but no guess either. */
  readonly externalId?: string;
  readonly state: AccountState;
  /** By name; `main` is where services go. */
  readonly clusters: Readonly<Record<string, AccountCluster>>;
  /** `host:port` of the registry that stands in for its ECR. */
  readonly registry?: string;
  /** Names of the accounts whose registries get a copy of each release that is pushed here. */
  readonly replicateTo?: readonly string[];
}

/** As much of an account as getting into it takes. */
export type AccountDoor = Pick<Account, "name" | "id" | "partition" | "region" | "role" | "externalId">;

/** How AWS is reached. */
export interface AwsReach {
  /** Address of an emulator instead of AWS. */
  readonly endpoint?: string;
  /** FIPS endpoints; off only with an emulator, for the SDK takes one or the other. */
  readonly fips: boolean;
}

/** How long nobody may change or delete an entry of the ledger. `compliance`: not even the account's root. */
export interface LedgerLock {
  readonly mode: "governance" | "compliance";
  readonly days: number;
}

export const DEPLOY_ROLE = "hms-deploy";
export const DEPLOY_BOUNDARY = "hms-deploy-boundary";
/** What a session of the deploy role is for, as its tag says. */
export const DEPLOY_SCOPE = "policy:deploy";

export const roleArnOf = ({ partition, id, role }: Pick<Account, "partition" | "id" | "role">): string =>
  iamArn(partition, id, `role/${role}`);

/**
 * Tags of a session in an account: CloudTrail shows them with everything the session does, and policies can ask for them.
 */
export const sessionTags = (stack: string, account: Pick<Account, "name">): Readonly<Record<string, string>> => ({
  "hms:scope": DEPLOY_SCOPE,
  "hms:stack": stack,
  "hms:account": account.name,
});

/** Name of a session, as CloudTrail shows it: letters, digits and `=,.@-`, 2 to 64 of them. */
export const sessionName = (stack: string): string => `hms-${stack}`.replace(/[^\w+=,.@-]/g, "-").slice(0, 64);
