import * as fs from "node:fs";
import { awsAddresses, wantsAws, type AwsAddresses } from "./aws";
import { clusterChecks, localClient } from "./cluster";
import { logFile, runningDaemon } from "./daemon";
import {
  DATABASE_SERVERS,
  databaseServerAddresses,
  databaseServerChecks,
  wantsDatabaseServers,
} from "./databaseServers";
import { chooseDocker } from "./docker";
import { CLUSTER, type Layout } from "./layout";
import { platformParts } from "./parts";
import { examine } from "./reconcile";
import { authorityFile } from "./usersAuthority";

export interface PartStatus {
  readonly name: string;
  readonly state: "healthy" | "stopped" | "outdated" | "sick";
  /** Why it is sick. */
  readonly reason?: string;
  readonly pid?: number;
  readonly log?: string;
}

export interface PlatformStatus {
  readonly home: string;
  readonly up: boolean;
  readonly context: string;
  readonly kubeconfig: string;
  readonly gateway: string;
  /** Where the gateway answers for services with `hms:tls`. */
  readonly https: string;
  /** File of the certificate that whoever asks there must trust. */
  readonly authority: string;
  readonly registry: string;
  readonly prometheus: string;
  readonly postgres: string;
  /** Database servers of `--sandboxes` by name, where this machine reaches them; none without it. */
  readonly servers: Readonly<Record<string, string>>;
  /** The emulator of AWS and the accounts' registries; absent without `--aws`. */
  readonly aws?: AwsAddresses;
  /** Docker in use: ours, or one that was there already. */
  readonly docker: string;
  readonly parts: readonly PartStatus[];
}

/** How every part of the platform is, asked for by its effect. Changes nothing. */
export async function platformStatus(layout: Layout): Promise<PlatformStatus> {
  const docker = await chooseDocker(layout);
  const parts: PartStatus[] = await Promise.all(
    platformParts(layout, docker.ours).map(async (part): Promise<PartStatus> => {
      // Without its certificates (before the first start) a part cannot even be described.
      const finding = await examine(layout, part).catch(() => "stopped" as const);
      const record = runningDaemon(layout, part.name);
      return {
        name: part.name,
        ...(typeof finding === "object" ? { state: "sick", reason: finding.sick } : { state: finding }),
        ...(record === undefined ? {} : { pid: record.pid }),
        log: logFile(layout, part.name),
      };
    }),
  );
  const servers = wantsDatabaseServers(layout);
  const apiRuns = parts.some(({ name, state }) => name === "kube-apiserver" && state === "healthy");
  const inside: PartStatus[] =
    apiRuns && fs.existsSync(layout.kubeconfig)
      ? await Promise.all(
          [
            ...clusterChecks(layout, localClient(layout)),
            ...(servers ? databaseServerChecks(layout, localClient(layout)) : []),
          ].map(async ({ name, probe }): Promise<PartStatus> => {
            const verdict = await probe();
            return verdict === undefined ? { name, state: "healthy" } : { name, state: "sick", reason: verdict };
          }),
        )
      : ["node", "dns", "gateway", ...(servers ? DATABASE_SERVERS.map(({ name }) => name) : [])].map((name) => ({
          name,
          state: "stopped",
        }));
  const all = [...parts, ...inside];
  return {
    home: layout.home,
    up: all.every(({ state }) => state === "healthy"),
    context: CLUSTER.context,
    kubeconfig: layout.kubeconfig,
    gateway: `http://127.0.0.1:${layout.ports.gateway}`,
    https: `https://127.0.0.1:${layout.ports.gatewayTls}`,
    authority: authorityFile(layout),
    registry: layout.registry,
    prometheus: `http://127.0.0.1:${layout.ports.prometheus}`,
    postgres: `127.0.0.1:${layout.ports.postgres}`,
    servers: servers ? databaseServerAddresses(layout) : {},
    ...(wantsAws(layout) ? { aws: awsAddresses(layout) } : {}),
    docker: docker.host ?? "unix:///var/run/docker.sock",
    parts: all,
  };
}
