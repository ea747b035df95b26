/** What EKS says of a cluster. */
export interface EksCluster {
  readonly name: string;
  /** The https URL of its API server. */
  readonly endpoint: string;
  /** Its certificate authority: PEM in Base64, as EKS gives it. */
  readonly certificateAuthority: string;
}

/** Who asks: with a token that is good for minutes, or with one that a command makes whenever it is needed. */
export type EksUser = { readonly token: string } | { readonly command: string; readonly args: readonly string[] };

/** How messages and `hms status` name an account's cluster: as the context of the kubeconfig that is made of it. */
export const eksContext = (account: string, cluster: string): string => `${account}/${cluster}`;

/** A kubeconfig with one context; with a command it holds nothing secret and is the same in each run. */
export function eksKubeconfig(context: string, cluster: EksCluster, user: EksUser): string {
  const name = cluster.name;
  const { endpoint: server, certificateAuthority } = cluster;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": certificateAuthority } }],
    users: [{ name, user: "token" in user ? user : { exec: execOf(user) } }],
    contexts: [{ name: context, context: { cluster: name, user: name } }],
    "current-context": context,
  });
}

const EXEC = "client.authentication.k8s.io/v1";

const execOf = ({ command, args }: Extract<EksUser, { command: string }>) => ({
  apiVersion: EXEC,
  command,
  args,
  interactiveMode: "Never",
});

/** A cluster of EKS believes a token for 15 minutes; a client asks for the next one a minute before. */
const BELIEVED_MS = 14 * 60_000;

/** What a command of a kubeconfig answers with. @param at when the token was made. */
export const execCredential = (token: string, at: Date) => ({
  apiVersion: EXEC,
  kind: "ExecCredential",
  status: { token, expirationTimestamp: new Date(at.getTime() + BELIEVED_MS).toISOString() },
});
