import { RESTRICTED, RESTRICTED_POD, secretVariables } from "../restrictedPod";
import { LABEL } from "../rollout/names";
import type { SecretRef } from "../rollout/release";
import type { MigrationWork } from "./note";
import type { Direction } from "./step";

/** One run of one direction. */
export interface MigrationRun {
  readonly service: string;
  readonly namespace: string;
  /** Id of the release. */
  readonly release: string;
  readonly direction: Direction;
  readonly run: number;
  readonly work: MigrationWork;
}

export const CONTAINER = "migration";

/** Below 63 characters with the longest name of a service, so that it fits into the label of its pod. */
export const jobName = ({ service, direction, release, run }: Omit<MigrationRun, "work" | "namespace">): string =>
  `${service}-${direction}-${release}-${run}`;

/** By which the Jobs of a service are found; on their pods too. Not the labels that its Services select by. */
export const jobSelector = (service: string): string => `${LABEL.migrates}=${service}`;

/** The variables of a run: those of the migration stand before those of the release. */
export function environmentOf(
  release: { readonly env: Readonly<Record<string, string>>; readonly secrets: Readonly<Record<string, SecretRef>> },
  own: { readonly env: Readonly<Record<string, string>>; readonly secrets: Readonly<Record<string, SecretRef>> },
): { readonly env: Record<string, string>; readonly secrets: Record<string, SecretRef> } {
  const without = <T>(map: Readonly<Record<string, T>>, names: object) =>
    Object.fromEntries(Object.entries(map).filter(([name]) => !Object.hasOwn(names, name)));
  return {
    env: { ...without(release.env, own.secrets), ...own.env },
    secrets: { ...without(release.secrets, own.env), ...own.secrets },
  };
}

/**
 * The Job of a run. It runs once: its pod is not replaced, also not when its node goes, for nobody but the database knows
 * how far it came. It has no time to live until its end is noted: until then it is the one proof.
 */
export function migrationJob({ work, ...run }: MigrationRun) {
  const { service, namespace, release, direction } = run;
  const name = jobName(run);
  const labels = { [LABEL.migrates]: service };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        [LABEL.service]: service,
        [LABEL.release]: release,
        [LABEL.direction]: direction,
        [LABEL.run]: `${run.run}`,
      },
    },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: "Failed",
      activeDeadlineSeconds: work.timeoutSeconds,
      template: { metadata: { labels }, spec: podSpec(direction, work) },
    },
  };
}

function podSpec(direction: Direction, { image, env, secrets, resources, up, down = [] }: MigrationWork) {
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: RESTRICTED_POD,
    // The root file system is read-only, and most clients of databases want a place of their own.
    volumes: [{ name: "tmp", emptyDir: {} }],
    containers: [
      {
        name: CONTAINER,
        image,
        command: [...(direction === "up" ? up : down)],
        env: [...Object.entries(env).map(([name, value]) => ({ name, value })), ...secretVariables(secrets)],
        resources: {
          requests: { cpu: resources.cpu, memory: resources.memory },
          limits: { memory: resources.memory },
        },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        securityContext: RESTRICTED,
      },
    ],
  };
}
