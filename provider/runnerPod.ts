import { RESTRICTED, RESTRICTED_POD } from "../core/restrictedPod";

/** What a pod of the runner is to do. */
export interface RunnerPod {
  /** By digest. */
  readonly image: string;
  /** Service account whose token it gets; see components/rights.ts. */
  readonly account: string;
  /** Words of the runner's command line. */
  readonly args: readonly string[];
  /** Whether the same pod starts again when its program fails, as quickly as a node can. @default false: another pod */
  readonly restarts?: boolean;
}

/** Spec of a pod that runs the runner's image with the rights of one account, and may do nothing else. */
export function runnerPodSpec({ image, account, args, restarts = false }: RunnerPod) {
  return {
    serviceAccountName: account,
    // The account itself mounts its token nowhere.
    automountServiceAccountToken: true,
    restartPolicy: restarts ? "OnFailure" : "Never",
    securityContext: {
      ...RESTRICTED_POD,
      runAsUser: 65532,
      runAsGroup: 65532,
    },
    containers: [
      {
        name: "runner",
        image,
        args: [...args],
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "192Mi" } },
        // The end of the log is the reason of a failure, also where nobody collects logs.
        terminationMessagePolicy: "FallbackToLogsOnError",
        securityContext: RESTRICTED,
      },
    ],
  };
}
