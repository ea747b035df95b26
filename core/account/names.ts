import { arnOf, bucketArn } from "../aws/arn";
import type { Account } from "./account";

/** What an account's keys are for; each has one of its own, so that a right to one is none to another. */
export const KEY_PURPOSES = ["state", "registry", "ledger", "snapshots", "signing"] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/** Fixed, so that a key is found without a look into anybody's state. */
export const keyAlias = (purpose: KeyPurpose): string => `alias/hms/${purpose}`;

export type BucketPurpose = "state" | "ledger" | "snapshots";

/** Bucket names are the whole partition's, so the account's id is in them. */
export const bucketName = ({ name, id }: Pick<Account, "name" | "id">, purpose: BucketPurpose): string =>
  `hms-${name}-${purpose}-${id}`;

export const accountBucketArn = (account: Account, purpose: BucketPurpose, key?: string): string =>
  bucketArn(account.partition, bucketName(account, purpose), key);

/** `switch`: what moves of traffic say. `deploy`: what runs of the program say. */
export const LOG_GROUPS = ["deploy", "switch"] as const;
export const logGroupName = (group: (typeof LOG_GROUPS)[number]): string => `/hms/${group}`;

/** Parameters with the account's change-freeze; one that is not there freezes nothing. */
export const FREEZE_PATH = "/hms/freeze";
export const FREEZE_CALENDAR = `${FREEZE_PATH}/calendar`;

/** The role that alone may sign; it edits no key, and who edits keys does not sign. */
export const SIGNER_ROLE = "hms-signer";
export const ALARM_TOPIC = "hms-alarms";

/** Metrics of the account that alarms listen to. */
export const METRICS = { namespace: "HMS/Switch", restored: "Restored", failed: "Failed" } as const;

/** An ARN in the account's region: `regional(account, "sns", "hms-alarms")`. */
export const regional = ({ partition, region, id }: Account, service: string, resource: string): string =>
  arnOf({ partition, service, region, account: id, resource });
