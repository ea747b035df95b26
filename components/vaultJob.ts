import { TO_NAME_SERVICE } from "../core/nameService";
import { RESTRICTED, RESTRICTED_POD } from "../core/restrictedPod";

/** Group of what lies in a store; its owner writes there, others of the group read what was promoted. */
const GROUP = 65532;
/** How late a job may begin when the cluster was away at its time. */
const LATEST_START_SECONDS = 3600;

/** Who is at the other end of a way: pods of the same namespace, or a network. */
export interface Reach {
  readonly pods?: Readonly<Record<string, string>>;
  readonly cidr?: string;
  readonly port: number;
}

/** A variable, in clear or from a Secret. */
interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

/** A job of the runner that works on databases, by the clock. */
export interface VaultJob {
  readonly name: string;
  readonly namespace: string;
  /** Of its pods; the first one selects them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly schedule: string;
  readonly timeZone: string;
  /** Seconds. */
  readonly deadline: number;
  readonly reach: Reach;
  /** At most, as a Kubernetes quantity. @default 1Gi */
  readonly memory?: string;
  /** User of its pods. @default the owner of stores, who may write there */
  readonly user?: number;
  readonly args: readonly string[];
  readonly env?: readonly Variable[];
  /** What it mounts, by path: a volume, and whether it is only read. */
  readonly mounts: Readonly<Record<string, { readonly volume: object; readonly readOnly: boolean }>>;
}

/** What stands in the cluster for such a job, as it is sent there. */
export function vaultJobObjects(job: VaultJob) {
  const { name, namespace, labels } = job;
  const metadata = { name, namespace, labels };
  return {
    account: { metadata, automountServiceAccountToken: false },
    policy: { metadata, spec: { podSelector: { matchLabels: labels }, ...wayTo(job.reach) } },
    /** @param image of the runner with PostgreSQL's programs, by digest. */
    cronJob: <Image>(image: Image) => ({
      metadata,
      spec: {
        schedule: job.schedule,
        timeZone: job.timeZone,
        // Two at a time would only share the disk, and one would throw away the other's beginnings.
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: LATEST_START_SECONDS,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          metadata: { labels },
          spec: {
            // A node that goes takes the pod along; what a run was refused for, the next one is refused for too.
            backoffLimit: 1,
            activeDeadlineSeconds: job.deadline,
            template: { metadata: { labels }, spec: podSpec(job, image) },
          },
        },
      },
    }),
  };
}

/** The way to the database and to the name service; there is no other, neither out nor in. */
function wayTo({ pods, cidr, port }: Reach) {
  const database =
    pods === undefined ? { ipBlock: { cidr: cidr ?? "0.0.0.0/32" } } : { podSelector: { matchLabels: pods } };
  return {
    policyTypes: ["Ingress", "Egress"],
    ingress: [],
    egress: [{ to: [database], ports: [{ protocol: "TCP", port }] }, TO_NAME_SERVICE],
  };
}

function podSpec<Image>({ name, args, env = [], mounts, user = GROUP, memory = "1Gi" }: VaultJob, image: Image) {
  const all = Object.entries({ ...mounts, "/tmp": { volume: { emptyDir: { sizeLimit: "64Mi" } }, readOnly: false } });
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: "Never",
    securityContext: { ...RESTRICTED_POD, runAsUser: user, runAsGroup: GROUP, fsGroup: GROUP },
    containers: [
      {
        name: "runner",
        image,
        args: [...args],
        env: [...env],
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory } },
        terminationMessagePolicy: "FallbackToLogsOnError",
        securityContext: RESTRICTED,
        volumeMounts: all.map(([mountPath, { readOnly }], index) => ({
          name: `volume-${index}`,
          mountPath,
          ...(readOnly ? { readOnly } : {}),
        })),
      },
    ],
    volumes: all.map(([, { volume }], index) => ({ name: `volume-${index}`, ...volume })),
  };
}
