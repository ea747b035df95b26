/** Connections and credentials for one cluster, kept as long as they are good. */
import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { KubeUnreachableError } from "./errors";
import { execCredential, type ExecCredential } from "./execPlugin";
import { loadKubeconfig, type ClusterConfig, type KubeconfigOptions } from "./kubeconfig";

export type AccessOptions = KubeconfigOptions;

export interface Credentials {
  readonly agent: HttpAgent;
  readonly headers: Readonly<Record<string, string>>;
}

/** Certificates and tokens in files, which others renew, are read again after this time. */
const FRESH_MS = 60_000;
/** Expiring credentials are renewed this long before. */
const EARLY_MS = 30_000;

export class ClusterAccess {
  readonly context: string;
  readonly server: string;
  /** The context's namespace. */
  readonly namespace: string | undefined;
  private current: Promise<Credentials> | undefined;
  private until = 0;
  private agent: { readonly identity: string; readonly agent: HttpAgent } | undefined;

  private constructor(private readonly config: ClusterConfig) {
    this.context = config.context;
    this.server = config.cluster.server.replace(/\/+$/, "");
    this.namespace = config.namespace;
    if (config.cluster["proxy-url"]) throw this.unusable("a proxy-url");
    if (config.user["auth-provider"]) throw this.unusable(`the auth-provider ${config.user["auth-provider"].name}`);
  }

  /** @throws KubeUnreachableError when there is no such kubeconfig, context or cluster. */
  static load(options: AccessOptions): ClusterAccess {
    return new ClusterAccess(loadKubeconfig(options));
  }

  credentials(): Promise<Credentials> {
    if (this.current && Date.now() < this.until) return this.current;
    this.until = Date.now() + FRESH_MS;
    const renewed = this.renew();
    this.current = renewed;
    renewed.catch(() => {
      if (this.current === renewed) this.current = undefined;
    });
    return renewed;
  }

  /** For after a 401: the next request asks for credentials anew. */
  forget(): void {
    this.current = undefined;
  }

  private async renew(): Promise<Credentials> {
    const { cluster, user } = this.config;
    const given: ExecCredential = user.exec ? await execCredential(user.exec, cluster) : {};
    if (user.exec) this.until = given.expires === undefined ? Infinity : given.expires - EARLY_MS;
    const token =
      given.token ?? (user.tokenFile === undefined ? user.token : readFileSync(user.tokenFile, "utf8").trim());
    const basic = user.username === undefined ? undefined : `${user.username}:${user.password ?? ""}`;
    const headers = {
      ...(basic !== undefined && { Authorization: `Basic ${Buffer.from(basic).toString("base64")}` }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(user.as !== undefined && { "Impersonate-User": user.as }),
    };
    return { agent: this.agentFor(given), headers };
  }

  /** The same agent, and with it its open connections, while the certificates are the same. */
  private agentFor(given: ExecCredential): HttpAgent {
    const { cluster, user } = this.config;
    const ca = pem(cluster["certificate-authority"], cluster["certificate-authority-data"]);
    const cert = given.clientCertificateData ?? pem(user["client-certificate"], user["client-certificate-data"]);
    const key = given.clientKeyData ?? pem(user["client-key"], user["client-key-data"]);
    const servername = cluster["tls-server-name"];
    const options: AgentOptions = {
      keepAlive: true,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(cluster["insecure-skip-tls-verify"] && { rejectUnauthorized: false }),
    };
    const identity = JSON.stringify(options);
    if (this.agent?.identity !== identity) {
      const agent = this.server.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent({ keepAlive: true });
      this.agent = { identity, agent };
    }
    return this.agent.agent;
  }

  private unusable(what: string): Error {
    return new KubeUnreachableError(`context ${this.context} of the kubeconfig uses ${what}, which is not supported`);
  }
}

function pem(file: string | undefined, data: string | undefined): string | undefined {
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  return file === undefined ? undefined : readFileSync(file, "utf8");
}
