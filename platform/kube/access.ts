/** Connections and credentials for one cluster, kept as long as they are good. */
import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createSecureContext } from "node:tls";
import { KubeUnreachableError } from "./errors";
import { execCredential, type ExecCredential } from "./execPlugin";
import { loadKubeconfig, type ClusterConfig, type KubeconfigOptions } from "./kubeconfig";

export type AccessOptions = KubeconfigOptions;

export interface Credentials {
  readonly agents: Agents;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Agents {
  /** For requests that are soon answered: few connections, as each costs both ends a TLS handshake. */
  readonly pooled: HttpAgent;
  /** For watches and followed logs, each of which holds its connection for as long as it lasts. */
  readonly held: HttpAgent;
}

/** More would not be faster: an engine asks for some twenty objects at once, and a local API server answers in 2 ms. */
const POOLED_CONNECTIONS = 4;

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
  private agents: { readonly identity: string; readonly agents: Agents } | undefined;

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
    return { agents: this.agentsFor(given), headers };
  }

  /** The same agents, and with them their open connections, while the certificates are the same. */
  private agentsFor(given: ExecCredential): Agents {
    const { cluster, user } = this.config;
    const certificates = {
      ca: pem(cluster["certificate-authority"], cluster["certificate-authority-data"]),
      cert: given.clientCertificateData ?? pem(user["client-certificate"], user["client-certificate-data"]),
      key: given.clientKeyData ?? pem(user["client-key"], user["client-key-data"]),
    };
    const identity = JSON.stringify(certificates);
    if (this.agents?.identity !== identity) this.agents = { identity, agents: this.newAgents(certificates) };
    return this.agents.agents;
  }

  private newAgents(certificates: Readonly<Record<"ca" | "cert" | "key", string | undefined>>): Agents {
    const pooled = { keepAlive: true, maxSockets: POOLED_CONNECTIONS };
    const held = { keepAlive: true };
    if (!this.server.startsWith("https:")) return { pooled: new HttpAgent(pooled), held: new HttpAgent(held) };
    const { cluster } = this.config;
    const servername = cluster["tls-server-name"];
    const tls = {
      // Parsed once, not for every connection.
      secureContext: createSecureContext(certificates),
      ...(servername !== undefined && { servername }),
      ...(cluster["insecure-skip-tls-verify"] && { rejectUnauthorized: false }),
    };
    return { pooled: new HttpsAgent({ ...pooled, ...tls }), held: new HttpsAgent({ ...held, ...tls }) };
  }

  private unusable(what: string): Error {
    return new KubeUnreachableError(`context ${this.context} of the kubeconfig uses ${what}, which is not supported`);
  }
}

function pem(file: string | undefined, data: string | undefined): string | undefined {
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  return file === undefined ? undefined : readFileSync(file, "utf8");
}
