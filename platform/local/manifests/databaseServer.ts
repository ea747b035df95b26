import { LOCKED_DOWN, type Manifest } from "./objects";

/** A PostgreSQL server in a namespace of its own. */
export interface DatabaseServer {
  /** Of its Deployment, Service and NetworkPolicy, and of the part in `local status`. */
  readonly name: string;
  readonly namespace: string;
  /** Secret with what its administrator needs; see `adminSecret`. */
  readonly secret: string;
  /** Settings of the server, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Who may connect from inside the cluster: peers of a network policy. This machine may always. */
  readonly from: readonly object[];
  /** Whether pods of the namespace may talk to nobody unless a policy says so. */
  readonly closed: boolean;
}

/** What of it differs from machine to machine. */
export interface DatabaseServerPlace {
  readonly image: string;
  /** Where this machine reaches it, on loopback. */
  readonly port: number;
  /** Folder of this machine with its data; belongs to the pod's user. */
  readonly folder: string;
  readonly password: string;
}

const PORT = 5432;
/** Whom data of pods belong to that this platform makes. */
export const POD_USER = LOCKED_DOWN.runAsUser;

/** By which pods find a server: `postgres.hms-sandboxes.svc.cluster.local`. */
const serverHost = ({ name, namespace }: DatabaseServer): string => `${name}.${namespace}.svc.cluster.local`;

/** All of a server's objects; its namespace is among them. */
export function databaseServerManifests(server: DatabaseServer, place: DatabaseServerPlace): Manifest[] {
  const { name, namespace } = server;
  const labels = { app: name };
  const metadata = { name, namespace };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    adminSecret(server, place),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "NodePort", selector: labels, ports: [{ port: PORT, targetPort: PORT, nodePort: place.port }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        // One folder, one server.
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(server, place) },
      },
    },
    ...policies(server),
  ];
}

/**
 * How a server's administrator reaches it. The same keys are what an operator of another cluster writes; see
 * docs/snapshots.md.
 */
function adminSecret(server: DatabaseServer, { port, password }: DatabaseServerPlace): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: server.secret, namespace: server.namespace },
    type: "Opaque",
    stringData: {
      host: "127.0.0.1",
      port: String(port),
      inClusterHost: serverHost(server),
      inClusterPort: String(PORT),
      user: "postgres",
      password,
    },
  };
}

function podSpec({ secret, settings }: DatabaseServer, { image, folder }: DatabaseServerPlace) {
  const check = { tcpSocket: { port: PORT } };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // As long as a server takes that writes down what it has in memory.
    terminationGracePeriodSeconds: 30,
    securityContext: { fsGroup: LOCKED_DOWN.runAsGroup },
    containers: [
      {
        name: "postgres",
        image,
        args: Object.entries({ ...SETTINGS, ...settings }).flatMap(([setting, value]) => ["-c", `${setting}=${value}`]),
        ports: [{ containerPort: PORT }],
        securityContext: LOCKED_DOWN,
        readinessProbe: { ...check, periodSeconds: 1 },
        // Recovery after a crash answers too; this is for a server that hangs.
        livenessProbe: { ...check, periodSeconds: 10, failureThreshold: 6 },
        resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "1Gi" } },
        volumeMounts: [
          { name: "data", mountPath: "/var/lib/postgresql" },
          { name: "password", mountPath: "/run/secrets/postgres", readOnly: true },
          { name: "memory", mountPath: "/dev/shm" },
          { name: "scratch", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "data", hostPath: { path: folder, type: "Directory" } },
      {
        name: "password",
        secret: { secretName: secret, defaultMode: 0o440, items: [{ key: "password", path: "password" }] },
      },
      { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "256Mi" } },
      { name: "scratch", emptyDir: { sizeLimit: "16Mi" } },
    ],
  };
}

const SETTINGS = {
  listen_addresses: "*",
  port: String(PORT),
  unix_socket_directories: "",
  // Its compiler is not in the image.
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // Statements and details of errors hold values of rows: no log may.
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
};

function policies({ name, namespace, from, closed }: DatabaseServer): Manifest[] {
  const apiVersion = "networking.k8s.io/v1";
  const kind = "NetworkPolicy";
  const policyTypes = ["Ingress", "Egress"];
  const server = {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      podSelector: { matchLabels: { app: name } },
      policyTypes,
      ingress: [{ from, ports: [{ protocol: "TCP", port: PORT }] }],
      egress: [],
    },
  };
  if (!closed) return [server];
  return [
    server,
    { apiVersion, kind, metadata: { name: "closed", namespace }, spec: { podSelector: {}, policyTypes } },
  ];
}
