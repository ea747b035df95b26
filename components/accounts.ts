import { getRepository } from "@pulumi/aws/ecr";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getKey } from "@pulumi/aws/kms";
import type { Provider } from "@pulumi/aws/provider";
import { getBucket } from "@pulumi/aws/s3";
import { getParameter } from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/stackConfig";
import { type Account, roleArnOf } from "../core/account/account";
import { bucketName, FREEZE_CALENDAR, keyAlias } from "../core/account/names";
import { isBaselined, TO_DO } from "../core/account/state";
import { releaseRepository } from "../core/registry/documents";
import { reasonOf } from "../platform/errors";
import { LASTING, type LastingKey, type LeftKeys } from "./accountKeys";
import { accountProvider } from "./accountProvider";
import { GovCloudAccount, type LeftBehind } from "./govCloudAccount";

/**
 * The accounts of a stack. Whose credentials these are is asked in each of them before anything is registered, so that
 * one wrong account leaves all of them as they were.
 * @throws pulumi.RunError that names what was expected and what was found, for all accounts at once
 */
export async function makeAccounts(config: StackConfig): Promise<ReadonlyMap<string, GovCloudAccount>> {
  const { accounts, aws: reach, stack, protect, ledgerLock } = config;
  const services = config.services.map(({ name }) => name);
  for (const { name, state } of accounts.filter((account) => !isBaselined(account.state)))
    void pulumi.log.warn(`account ${name} is ${state}: nothing is made in it. Next: ${TO_DO[state]}`);
  const kept = accounts
    .filter(({ state }) => isBaselined(state))
    .map((account) => ({
      account,
      provider: accountProvider(`hms-${account.name}-provider`, account, reach, stack, {}),
    }));
  const seen = await Promise.all(kept.map(({ account, provider }) => look(account, provider, services)));
  const wrong = seen.flatMap((one) => ("problem" in one ? [one.problem] : []));
  if (wrong.length > 0) throw new pulumi.RunError(["nothing was changed:", ...wrong].join("\n  "));
  return new Map(
    kept.map(({ account, provider }, index) => {
      const one = seen[index];
      const leftBehind = one !== undefined && "leftBehind" in one ? one.leftBehind : {};
      const others = kept.flatMap((other) => (other.account === account ? [] : [other.account]));
      const args = { account, reach, provider, ledgerLock, services, others, leftBehind };
      return [account.name, new GovCloudAccount(`hms-${account.name}`, args, { protect })];
    }),
  );
}

type Seen = { readonly problem: string } | { readonly leftBehind: LeftBehind };

async function look(account: Account, provider: Provider, services: readonly string[]): Promise<Seen> {
  const what = `account ${account.name} (${account.id})`;
  try {
    const { accountId, arn } = await getCallerIdentity({}, { provider });
    if (accountId !== account.id)
      return { problem: `${what}: the role ${roleArnOf(account)} led to account ${accountId} (${arn})` };
    const key = async (purpose: LastingKey) => {
      const there = await found(getKey({ keyId: keyAlias(purpose) }, { provider }));
      return there === undefined ? {} : { [purpose]: there.id };
    };
    const [ledgerBucket, freeze, keys, ...repositories] = await Promise.all([
      found(getBucket({ bucket: bucketName(account, "ledger") }, { provider })),
      found(getParameter({ name: FREEZE_CALENDAR }, { provider })),
      Promise.all(LASTING.map(key)),
      ...services.map((service) => found(getRepository({ name: releaseRepository(service) }, { provider }))),
    ]);
    return {
      leftBehind: {
        keys: Object.assign({}, ...keys) as LeftKeys,
        ledgerBucket: ledgerBucket !== undefined,
        freeze: freeze !== undefined,
        repositories: repositories.flatMap((one) => one?.name ?? []),
      },
    };
  } catch (error) {
    return { problem: `${what}: ${reasonOf(error).replace(/^invocation of \S+ returned an error: /, "")}` };
  }
}

/** What is asked for, unless AWS says that there is no such thing. */
async function found<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (/NotFound|NoSuchBucket|not found|couldn't find|404/i.test(reasonOf(error))) return undefined;
    throw error;
  }
}
