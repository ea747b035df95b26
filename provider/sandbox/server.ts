import { isIP } from "node:net";
import { asString, path } from "../../core/json";
import { RefusedError } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";

/** A PostgreSQL server as its administrator reaches it; options of `pg`. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Certificates (PEM) that vouch for it. Absent: it is asked in clear, as only a loopback may be. */
  readonly ssl?: { readonly ca: string };
}

/** A server of the cluster, such as the one that sandboxes have their databases on. */
export interface DatabaseServer extends ServerAddress {
  /** How pods of the same cluster reach it. */
  readonly inCluster: { readonly host: string; readonly port: number };
}

/** Where the local platform puts the Secret of the sandboxes' server, and an operator of another cluster should. */
export const SANDBOX_SERVER = "hms-sandboxes/sandbox-server-admin";

/** Where a Secret is: `<namespace>/<name>`. @throws RefusedError for anything else */
export function secretPlace(name: string): { readonly namespace: string; readonly name: string } {
  const [, namespace, secret] = /^([a-z0-9][-a-z0-9]{0,62})\/([a-z0-9][-a-z0-9.]{0,252})$/.exec(name) ?? [];
  if (namespace === undefined || secret === undefined)
    throw new RefusedError(
      `a database server: got ${JSON.stringify(name)}; allowed is <namespace>/<name of a Secret>, such as ${SANDBOX_SERVER}`,
    );
  return { namespace, name: secret };
}

/** How to administer the sandboxes' server; see `databaseServer`. */
export const sandboxServer = (kube: KubeClient, name = SANDBOX_SERVER): Promise<DatabaseServer> =>
  databaseServer(kube, name);

/**
 * How to administer a server, by a Secret of the cluster: `host`, `port`, `user`, `password`; where pods reach
 * it another way, `inClusterHost` and `inClusterPort`; where it asks for TLS, `ca`, the certificates (PEM) that vouch for it.
 * @param name `<namespace>/<name>`
 * @throws RefusedError with all that is wrong with it, never a value
 */
export async function databaseServer(kube: KubeClient, name: string): Promise<DatabaseServer> {
  const place = secretPlace(name);
  const secret = await kube.get({ apiVersion: "v1", kind: "Secret", ...place });
  if (!secret)
    throw new RefusedError(
      `the cluster has no Secret ${name}, which says how a database server is administered; ` +
        `make it (docs/snapshots.md), or on this machine run: hms local up --sandboxes`,
    );
  return readServer(name, path(secret, "data"));
}

/** @param data of the Secret, base64. */
export function readServer(name: string, data: unknown): DatabaseServer {
  const problems: string[] = [];
  const optional = (key: string): string | undefined => {
    const text = asString(path(data, key));
    return text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8").trim();
  };
  const wanted = (key: string, otherwise?: string): string => {
    const text = optional(key) ?? otherwise;
    if (text === undefined) problems.push(`has no key ${key}`);
    else if (text === "") problems.push(`${key} is empty`);
    return text ?? "";
  };
  const hostOf = (key: string, otherwise?: string): string => {
    const host = wanted(key, otherwise);
    if (host !== "" && isIP(host) === 0 && !/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(host))
      problems.push(`${key} is neither a host name nor an address`);
    return host;
  };
  const portOf = (key: string, otherwise?: string): number => {
    const text = wanted(key, otherwise);
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (text !== "" && (port < 1 || port > 65_535)) problems.push(`${key} is not a port from 1 to 65535`);
    return port;
  };
  const host = hostOf("host");
  const port = portOf("port");
  const inCluster = {
    host: hostOf("inClusterHost", optional("host") ?? ""),
    port: portOf("inClusterPort", optional("port") ?? ""),
  };
  const [user, password] = [wanted("user"), wanted("password")];
  const ca = optional("ca");
  if (ca !== undefined && !ca.startsWith("-----BEGIN CERTIFICATE-----"))
    problems.push("ca is not a certificate in PEM");
  if (problems.length > 0)
    throw new RefusedError(`the Secret ${name}: ${[...new Set(problems)].join("; ")}; see docs/snapshots.md`);
  return { host, port, user, password, ...(ca === undefined ? {} : { ssl: { ca } }), inCluster };
}
