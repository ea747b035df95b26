import type { Account, AwsReach } from "../../core/account/account";
import { eksContext, eksKubeconfig, type EksCluster } from "../../core/account/kubeconfig";
import { clusterToken } from "../../platform/aws/clusterToken";
import { awsRefusal } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";
import { KubeClient } from "../../platform/kube/client";
import { accountSession } from "./session";

/** What EKS says of a cluster of the session's account. @throws RefusedError */
export async function lookUpCluster(session: AwsSession, name: string, signal?: AbortSignal): Promise<EksCluster> {
  const eks = await import("@aws-sdk/client-eks");
  const what = `the EKS cluster ${name} of account ${session.account}`;
  const { cluster } = await session
    .client(eks.EKSClient)
    .send(new eks.DescribeClusterCommand({ name }), signal === undefined ? {} : { abortSignal: signal })
    .catch((error: unknown) => {
      throw awsRefusal(`${what} cannot be looked up`, error);
    });
  const { endpoint, certificateAuthority } = cluster ?? {};
  if (endpoint === undefined || certificateAuthority?.data === undefined)
    throw new RefusedError(`${what} says neither where it is nor by which certificate; is it being made?`);
  return { name, endpoint, certificateAuthority: certificateAuthority.data };
}

/** An account's EKS cluster, by a token of the session's role that is good for minutes. @throws RefusedError */
export async function eksCluster(session: AwsSession, name: string, signal?: AbortSignal): Promise<KubeClient> {
  const cluster = await lookUpCluster(session, name, signal);
  const kubeconfig = eksKubeconfig(name, cluster, { token: await clusterToken(session, name) });
  return KubeClient.load({ kubeconfig });
}

/** A stack, as far as its accounts are concerned. */
export interface AccountsOfStack {
  readonly stack: string;
  readonly accounts: readonly Account[];
  readonly aws: AwsReach;
}

/**
 * The kubeconfig of the cluster that an account calls `main`, looked up by the account's role; `undefined` where that is
 * a context of the user's own kubeconfig. Nothing in it is secret: whoever uses it asks `hms account token` for a token.
 * @param command the `hms` of this project, as whoever uses it starts it.
 * @throws RefusedError
 */
export async function mainKubeconfig(
  { stack, accounts, aws }: AccountsOfStack,
  name: string | undefined,
  command: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const account = accounts.find((one) => one.name === name);
  const main = account?.clusters.main;
  if (account === undefined || main === undefined || !("eks" in main)) return undefined;
  const cluster = await lookUpCluster(await accountSession(stack, account, aws, signal), main.eks, signal);
  const args = ["account", "token", "--stack", stack, "--account", account.name];
  return eksKubeconfig(eksContext(account.name, main.eks), cluster, { command, args });
}
