import { readFileSync } from "node:fs";
import path from "node:path";
import { targetsOf } from "../../config/targets";
import { FLEET, jobProblems, type JobStack, type Machine } from "../../core/fleet/job";
import { PERMISSION_VARIABLE } from "../../core/permission/decision";
import { sha256 } from "../../core/sha256";
import { RefusedError } from "../../platform/errors";
import { projectRoot } from "../../platform/home";
import { KubeClient } from "../../platform/kube/client";
import { ensureDeployerImage } from "../../platform/local/deployerImage";
import type { Io } from "../command";
import type { Prepared } from "../prepare";
import { LOCAL_CONTEXT, type OpenStack } from "../stack";
import { stateFolder } from "../stateFiles";
import { FleetJobs } from "./jobs";

/** What pods are told of the caller's environment, where it is set. */
const TOLD = ["PULUMI_BACKEND_URL", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", PERMISSION_VARIABLE];
/** The same, where the cluster is this machine. */
const TOLD_HERE = ["HMS_HOME", "DOCKER_HOST"];
/** The same, where nobody may read it. */
const SECRET = ["PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

export interface InClusterOptions {
  /** Name of the fleet, in the names of what it makes. */
  readonly fleet: string;
  readonly open: readonly OpenStack[];
  readonly sources: ReadonlyMap<string, string>;
  /** Stacks of each wave that are to be updated. */
  readonly waves: readonly (readonly string[])[];
  readonly parallel: number;
  readonly adopt: boolean;
  /** Image of updates, by digest. @default the local platform's own, made of this checkout */
  readonly image?: string | undefined;
}

/**
 * Jobs in the cluster that all stacks deliver to. Everything that keeps pods from updating one of them is said before
 * anything is made.
 * @throws RefusedError for such stacks, and for a cluster that is not this machine's without an image
 */
export async function jobsInCluster(options: InClusterOptions, prepared: Prepared, io: Io): Promise<FleetJobs> {
  const { fleet, open, sources, waves, parallel, adopt } = options;
  const { env, layout, progress } = prepared;
  const context = targetsOf(open[0]?.config ?? nothing())[0]?.kubeContext ?? LOCAL_CONTEXT;
  const isMachine = context === LOCAL_CONTEXT;
  const backend = env.PULUMI_BACKEND_URL ?? "";
  const problems = [...jobProblems(open.map(jobStackOf), context, backend, isMachine)];
  if (!isMachine && options.image === undefined)
    problems.push("--image is missing: only the local platform makes an image of updates; name one by digest");
  if (problems.length > 0) throw new RefusedError(["pods cannot update these stacks:", ...problems].join("\n  "));
  const image = options.image ?? (await ensureDeployerImage(layout, env, { progress, signal: io.signal }));
  const passphrase = passphraseOf(env);
  const told = { ...env, ...(passphrase === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE: passphrase }) };
  return new FleetJobs({
    kube: KubeClient.load({ context, ...(isMachine ? { kubeconfig: layout.kubeconfig } : {}) }),
    common: {
      ...{ fleet, context, parallel, image, ...FLEET },
      sources: sha256(JSON.stringify([...sources])).slice(0, 16),
      files: Object.fromEntries(open.map(({ config: { stack } }) => [stack, stackFileOf(stack)])),
      env: picked([...TOLD, ...(isMachine ? [...TOLD_HERE, ...portsOf(env)] : [])], told),
      secrets: picked(SECRET, told),
      ...(isMachine ? { machine: machineOf(layout.home, backend) } : {}),
    },
    ...{ waves, adopt, signal: io.signal },
    say: (line) => void io.err.write(`${line}\n`),
  });
}

const nothing = (): never => {
  throw new Error("a fleet without stacks");
};

const portsOf = (env: NodeJS.ProcessEnv): string[] => Object.keys(env).filter((name) => name.startsWith("HMS_PORT_"));

const picked = (names: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : [])));

/** As it stands in the environment, or in the file that the environment names. */
function passphraseOf({ PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file }: NodeJS.ProcessEnv) {
  if (given !== undefined && given !== "") return given;
  return file === undefined || file === "" ? undefined : readFileSync(file, "utf8").trimEnd();
}

const stackFileOf = (stack: string): string => readFileSync(path.join(projectRoot(), `Pulumi.${stack}.yaml`), "utf8");

/** Keys, ledgers and the engine's state are files of this machine: pods get them where they are, as who owns them. */
function machineOf(home: string, backend: string): Machine {
  const state = stateFolder(backend, projectRoot());
  const folders = state === undefined || !path.relative(home, state).startsWith("..") ? [home] : [home, state];
  return { folders, user: process.getuid?.() ?? 0 };
}

const jobStackOf = ({ config }: OpenStack): JobStack => ({
  stack: config.stack,
  contexts: [...new Set(targetsOf(config).map(({ kubeContext }) => kubeContext))],
  ledgerInFolder: config.ledger.store === undefined || "folder" in config.ledger.store,
  built: config.services.filter((service) => service.source !== undefined).map(({ name }) => name),
  approvedSources: config.approvedSources !== undefined,
});
