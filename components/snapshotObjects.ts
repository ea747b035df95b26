import type { SnapshotConfig, SnapshotLoadConfig } from "../config/snapshots";
import { durationText } from "../core/service/duration";
import { vaultJobObjects } from "./vaultJob";

/** Label of the pods that take snapshots, with the service's name; the vault's server lets in who has it. */
export const SNAPSHOT_LABEL = "hms.delivery/snapshots";
/** Label of the pods that load them. */
export const LOAD_LABEL = "hms.delivery/loads";

const VARIABLES = { PGHOST: "host", PGPORT: "port", PGDATABASE: "database", PGUSER: "user", PGPASSWORD: "password" };
/** Not the owner of the store: it cannot read what has not been promoted. */
const LOADER = 65533;

const secretVolume = (secretName: string, items?: readonly { readonly key: string; readonly path: string }[]) => ({
  secret: { secretName, defaultMode: 0o440, ...(items === undefined ? {} : { items: [...items] }) },
});
const claimed = (claimName: string, readOnly: boolean) => ({ persistentVolumeClaim: { claimName, readOnly } });

/** What stands in the vault's namespace for the snapshots of one service, as it is sent to the cluster. */
export function snapshotObjects(snapshot: SnapshotConfig) {
  const { service, namespace, rules, database, keep, maxAge } = snapshot;
  const name = `snapshot-${service}`;
  const labels = { [SNAPSHOT_LABEL]: service };
  const job = vaultJobObjects({
    ...{ name, namespace, labels, reach: database },
    ...{ schedule: snapshot.schedule, timeZone: snapshot.timeZone, deadline: snapshot.deadline },
    memory: snapshot.memory,
    args: [
      "snapshot",
      ...["--service", service, "--vault", "/vault", "--keys", "/keys", "--rules", "/rules/scrub.yaml"],
      ...["--keep", String(keep), "--max-age", durationText(maxAge)],
    ],
    env: [
      ...Object.entries(VARIABLES).map(([variable, key]) => ({
        name: variable,
        valueFrom: { secretKeyRef: { name: database.secret, key } },
      })),
      ...(database.tls ? TLS_VARIABLES : []),
    ],
    mounts: {
      "/vault/snapshots": { volume: claimed(snapshot.store, false), readOnly: false },
      "/keys": { volume: secretVolume(snapshot.keys), readOnly: true },
      "/rules": { volume: { configMap: { name } }, readOnly: true },
      ...(database.tls
        ? { "/authority": { volume: secretVolume(database.secret, [{ key: "ca", path: "ca.pem" }]), readOnly: true } }
        : {}),
    },
  });
  return { ...job, rules: { metadata: { name, namespace, labels }, data: { "scrub.yaml": rules } } };
}

/** For libpq's programs, and for our own, which take no file from libpq's variable. */
const TLS_VARIABLES = [
  { name: "PGSSLMODE", value: "verify-full" },
  { name: "PGSSLROOTCERT", value: "/authority/ca.pem" },
  { name: "NODE_EXTRA_CA_CERTS", value: "/authority/ca.pem" },
];

/** What stands beside the sandboxes' server to load the newest snapshot there: it reads what was promoted, and no key. */
export function snapshotLoadObjects(service: string, timeZone: string, load: SnapshotLoadConfig) {
  const { namespace, server, keep, maxAge } = load;
  return vaultJobObjects({
    ...{ name: `snapshot-load-${service}`, namespace, timeZone, user: LOADER },
    ...{ schedule: load.schedule, deadline: load.deadline, reach: server },
    labels: { [LOAD_LABEL]: service, "hms.delivery/administers": "sandbox-server" },
    args: [
      "snapshot-load",
      ...["--service", service, "--vault", "/vault", "--trust", "/trust", "--server", "/server"],
      ...["--keep", String(keep), "--max-age", durationText(maxAge)],
    ],
    mounts: {
      "/vault/snapshots": { volume: claimed(load.store, true), readOnly: true },
      "/trust": { volume: secretVolume(load.trust), readOnly: true },
      "/server": { volume: secretVolume(server.secret), readOnly: true },
    },
  });
}
