import { clusterToken } from "../../platform/aws/clusterToken";
import { awsRefusal } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";
import { KubeClient } from "../../platform/kube/client";

/** An account's EKS cluster, by a token of the session's role that is good for minutes. @throws RefusedError */
export async function eksCluster(session: AwsSession, name: string, signal?: AbortSignal): Promise<KubeClient> {
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
  const kubeconfig = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": name },
    clusters: [{ name, cluster: { server: endpoint, "certificate-authority-data": certificateAuthority.data } }],
    users: [{ name, user: { token: await clusterToken(session, name) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  return KubeClient.load({ kubeconfig: JSON.stringify(kubeconfig) });
}
