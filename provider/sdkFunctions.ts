import * as pulumi from "@pulumi/pulumi";
import type { ConfigContent } from "../core/configMap/content";
import type { ActualRollout } from "../core/rollout/plan";
import type { FreezePlace } from "../core/freeze/place";
import type { SandboxNamespace } from "../core/sandbox/seen";

export interface RolloutAnswer {
  readonly actual: ActualRollout;
  /** Who is moving traffic right now. */
  readonly mover: string | null;
  readonly missingSecrets: readonly { readonly secret: string; readonly key: string; readonly problem: string }[];
  /** Why a new release may not go live now; `null` when it may. */
  readonly frozen: string | null;
  /** What is to be said of a freeze, one that is passed by break-glass too; `null` when there is none. */
  readonly freezeNotice: string | null;
  /** Pods asked for on the live color. */
  readonly liveReplicas: number;
  /** Smallest size of each color's autoscaler; 0 where there is none. */
  readonly minReplicas: { readonly blue: number; readonly green: number };
}

/** What is live now, read from the cluster each time; plain values, so that the program may decide by them. */
export function getRollout(
  args: {
    readonly service: string;
    readonly namespace: string;
    readonly secrets: readonly { readonly secret: string; readonly key: string }[];
    /** @default - nobody asks */
    readonly freeze?: FreezePlace;
  },
  opts: pulumi.InvokeOptions,
): Promise<RolloutAnswer> {
  return pulumi.runtime.invoke(
    "hms:rollout:getRollout",
    { ...args, secrets: [...args.secrets] },
    opts,
  ) as Promise<RolloutAnswer>;
}

/** What these ConfigMaps hold now, by name; `null` for one that is not there. */
export async function getConfigMaps(
  args: { readonly service: string; readonly namespace: string; readonly names: readonly string[] },
  opts: pulumi.InvokeOptions,
): Promise<Readonly<Record<string, ConfigContent | null>>> {
  const answer = (await pulumi.runtime.invoke(
    "hms:rollout:getConfigMaps",
    { ...args, names: [...args.names] },
    opts,
  )) as { readonly found: Readonly<Record<string, ConfigContent | null>> };
  return answer.found;
}

/** Makes what a Dockerfile builds on where only the local platform has it; does nothing elsewhere. Not for previews. */
export async function ensureBases(
  {
    context,
    dockerfile,
    buildArgs,
  }: { context: string; dockerfile: string; buildArgs: Readonly<Record<string, string>> },
  opts: pulumi.InvokeOptions,
): Promise<void> {
  await pulumi.runtime.invoke("hms:image:ensureBases", { context, dockerfile, buildArgs }, opts);
}

/**
 * The runner's image with PostgreSQL's programs, in the local platform's registry. A preview makes none: there it is
 * unknown, unless it was made before.
 */
export const databaseRunnerImage = (opts: pulumi.InvokeOptions): pulumi.Output<string> =>
  localImage("hms:image:databaseRunner", opts);

/** The runner's image in the local platform's registry; unknown in a preview, unless it was made before. */
export const runnerImage = (opts: pulumi.InvokeOptions): pulumi.Output<string> => localImage("hms:image:runner", opts);

function localImage(token: string, opts: pulumi.InvokeOptions): pulumi.Output<string> {
  const make = !pulumi.runtime.isDryRun();
  const asked = pulumi.runtime.invoke(token, { make }, opts) as Promise<{ image: string | null }>;
  return pulumi.output(asked.then(({ image }): pulumi.Input<string> => image ?? pulumi.output(asUnknown())));
}

/** The engine's word for a text that only an update will know. */
const asUnknown = (): string => pulumi.unknown as unknown as string;

/** The namespaces of all sandboxes, whoever made them. */
export async function getSandboxes(opts: pulumi.InvokeOptions): Promise<readonly SandboxNamespace[]> {
  const answer = (await pulumi.runtime.invoke("hms:sandbox:getSandboxes", {}, opts)) as {
    readonly namespaces: readonly SandboxNamespace[];
  };
  return answer.namespaces;
}
