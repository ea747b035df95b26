/** Where the API server is and how to be let in: from a kubeconfig, or from the pod this runs in. */
import { existsSync } from "node:fs";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { Agent } from "node:http";
import type { KubeConfig } from "@kubernetes/client-node";
import { KubeUnreachableError } from "./errors";

export interface AccessOptions {
  /** Path or content of a kubeconfig. @default KUBECONFIG, ~/.kube/config, the pod's service account */
  readonly kubeconfig?: string;
  /** @default the kubeconfig's current context */
  readonly context?: string;
}

export interface Credentials {
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
}

/** Certificates and tokens on disk, or of an exec plugin, are looked at again after this time. */
const FRESH_MS = 60_000;
/** Address that the kubeconfig library makes up when it has found none. */
const NOWHERE = "http://localhost:8080";

export class ClusterAccess {
  readonly context: string;
  readonly server: string;
  /** The context's namespace. */
  readonly namespace: string | undefined;
  private cached: { readonly credentials: Credentials; readonly identity: string; readonly until: number } | undefined;

  private constructor(private readonly config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (!cluster || cluster.server === NOWHERE) {
      throw new KubeUnreachableError(
        "no Kubernetes cluster is configured: KUBECONFIG is not set, ~/.kube/config does not exist, and this is not a pod",
      );
    }
    this.context = config.getCurrentContext();
    this.server = cluster.server.replace(/\/+$/, "");
    this.namespace = config.getContextObject(this.context)?.namespace;
  }

  /** @throws KubeUnreachableError when there is no such kubeconfig, context or cluster. */
  static load({ kubeconfig, context }: AccessOptions): ClusterAccess {
    const config = emptyConfig();
    if (kubeconfig === undefined)
      load(() => {
        config.loadFromDefault();
      });
    else if (/[\n{]/.test(kubeconfig))
      load(() => {
        config.loadFromString(kubeconfig);
      });
    else if (existsSync(kubeconfig))
      load(() => {
        config.loadFromFile(kubeconfig);
      });
    else throw new KubeUnreachableError(`kubeconfig ${kubeconfig} does not exist`);
    if (context !== undefined) {
      if (!config.getContextObject(context)) {
        const known =
          config
            .getContexts()
            .map(({ name }) => name)
            .join(", ") || "none";
        throw new KubeUnreachableError(`the kubeconfig has no context "${context}"; it has: ${known}`);
      }
      config.setCurrentContext(context);
    }
    return new ClusterAccess(config);
  }

  async credentials(): Promise<Credentials> {
    if (this.cached && Date.now() < this.cached.until) return this.cached.credentials;
    const options: RequestOptions = { headers: {} };
    await this.config.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const identity = [ca, cert, key, servername, rejectUnauthorized].map(String).join();
    const agent = this.cached?.identity === identity ? this.cached.credentials.agent : this.agentFor(options);
    const headers = headersOf(options);
    this.cached = { credentials: { agent, headers }, identity, until: Date.now() + FRESH_MS };
    return this.cached.credentials;
  }

  /** For after a 401: the next request asks for credentials anew. */
  forget(): void {
    if (this.cached) this.cached = { ...this.cached, until: 0 };
  }

  /** The library makes an agent a call; connections live on only in one that stays. A proxy's agent is taken as it is. */
  private agentFor(options: RequestOptions): Agent {
    if (this.config.getCurrentCluster()?.proxyUrl && typeof options.agent === "object") return options.agent;
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    return new HttpsAgent({ keepAlive: true, ...definedOnly({ ca, cert, key, servername, rejectUnauthorized }) });
  }
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name] = value;
  }
  if (typeof options.auth === "string") headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  return headers;
}

function definedOnly<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}

function load(read: () => void): void {
  try {
    read();
  } catch (error) {
    throw new KubeUnreachableError(
      `the kubeconfig cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The library takes 0.1 s to load, which a process that never talks to a cluster does not pay. */
function emptyConfig(): KubeConfig {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the one synchronous way to load on first use
  const library = require("@kubernetes/client-node") as typeof import("@kubernetes/client-node");
  return new library.KubeConfig();
}
