import { setTimeout as sleep } from "node:timers/promises";
import { fleetAccountManifests, fleetJobManifests, workOf, type FleetJob } from "../../core/fleet/job";
import { asArray, asNumber, path } from "../../core/json";
import { ANNOTATION } from "../../core/rollout/names";
import { RefusedError } from "../../platform/errors";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import type { Io } from "../command";
import type { UpdateHow } from "./drive";
import { followJob } from "./followJob";

const OWNER = { fieldManager: "hms-fleet", force: true } as const;
const LOOK_MS = 500;
/** Its pods have ended by then, so this is only the cluster's own pace. */
const GONE_MS = 120_000;

/** What all Jobs of a run have in common; the rest is said wave by wave. */
export type JobsOf = Omit<FleetJob, "name" | "stacks" | "mayFail">;

export interface JobsOptions {
  readonly kube: KubeClient;
  readonly common: JobsOf;
  /** Stacks of each wave that are to be updated. */
  readonly waves: readonly (readonly string[])[];
  /** Whether a Job that an earlier run has left at work is followed instead of refused. */
  readonly adopt: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Updates stacks by Jobs of a cluster: an indexed Job for each wave, begun with the wave's first stack. */
export class FleetJobs {
  private readonly begun = new Map<number, ReturnType<typeof followJob>>();
  /** Waves whose Job this run has made or taken over; another run's is left alone. */
  private readonly mine = new Set<number>();

  constructor(private readonly options: JobsOptions) {}

  /** Waits for one stack of its wave's Job; what its pod prints goes to `io`. */
  async update(stack: string, io: Io, how: UpdateHow): Promise<void> {
    const wave = this.options.waves.findIndex((stacks) => stacks.includes(stack));
    const following = this.begun.get(wave) ?? this.begin(wave, how.mayFail);
    this.begun.set(wave, following);
    await following.end(stack, (line) => void io.err.write(`${line}\n`), how.begun);
  }

  /** Takes the Jobs away, when all of their pods have ended; results are known then. */
  async remove(): Promise<void> {
    for (const [wave, following] of this.begun) {
      await following.over;
      if (this.mine.has(wave)) await this.removeWhole(this.ref(wave));
    }
  }

  private ref(wave: number) {
    const { fleet, namespace } = this.options.common;
    return { apiVersion: "batch/v1", kind: "Job", name: `fleet-${fleet}-w${wave + 1}`, namespace };
  }

  private begin(wave: number, mayFail: number): ReturnType<typeof followJob> {
    const { kube, common, waves, signal } = this.options;
    const ref = this.ref(wave);
    const job: FleetJob = { ...common, name: ref.name, stacks: waves[wave] ?? [], mayFail };
    const started = this.ensure(job, ref).then((stacks) => {
      this.mine.add(wave);
      return stacks;
    });
    return followJob({ kube, ref, started, signal });
  }

  /** @returns the stacks of the Job, in the order of its indices. */
  private async ensure(job: FleetJob, ref: ReturnType<FleetJobs["ref"]>): Promise<readonly string[]> {
    const { kube, adopt, say } = this.options;
    const there = await kube.get(ref);
    if (there !== undefined && isAtWork(there)) {
      const stacks = adopted(there, job);
      if (!adopt || stacks === undefined)
        throw new RefusedError(
          `Job ${ref.name} in namespace ${job.namespace} is still at work for an earlier run of these stacks. Wait until it ends, ` +
            (stacks === undefined
              ? "for it updates from other sources"
              : "or go on with it by --resume where that run is gone"),
        );
      say(`going on with Job ${ref.name}, which an earlier run has begun`);
      return stacks;
    }
    if (there !== undefined) await this.removeWhole(ref);
    for (const manifest of fleetAccountManifests()) await kube.apply(manifest, OWNER);
    const [files, secrets, manifest] = fleetJobManifests(job);
    for (const beside of [files, secrets]) await kube.apply(beside, OWNER);
    const made = await kube.create(manifest, { fieldManager: OWNER.fieldManager });
    // They go with the Job, whoever takes that away.
    const owner = {
      apiVersion: "batch/v1",
      kind: "Job",
      name: ref.name,
      uid: made.metadata.uid,
      blockOwnerDeletion: true,
    };
    for (const beside of [files, secrets])
      await kube.apply({ ...beside, metadata: { ...beside.metadata, ownerReferences: [owner] } }, OWNER);
    return job.stacks;
  }

  /** With its pods, files and secrets. */
  private async removeWhole(ref: ReturnType<FleetJobs["ref"]>): Promise<void> {
    const { kube } = this.options;
    await kube.delete(ref, { propagation: "Foreground" });
    const giveUp = performance.now() + GONE_MS;
    while ((await kube.get(ref)) !== undefined) {
      if (performance.now() > giveUp)
        throw new RefusedError(`Job ${ref.name} in namespace ${ref.namespace} is deleted, but does not go away`);
      await sleep(LOOK_MS);
    }
  }
}

/** Whether pods of a Job run or will run. */
function isAtWork(job: KubeObject): boolean {
  const ended = asArray(path(job, "status", "conditions")).some(
    (one) => /^(Complete|Failed)$/.test(String(path(one, "type"))) && path(one, "status") === "True",
  );
  return !ended && (path(job, "spec", "suspend") !== true || (asNumber(path(job, "status", "active")) ?? 0) > 0);
}

/** The stacks of a Job that does all of what is to be done, from the same sources, and was not told to stop. */
function adopted(there: KubeObject, wanted: FleetJob): readonly string[] | undefined {
  const text = there.metadata.annotations?.[ANNOTATION.fleetWork] ?? "{}";
  const { stacks = [] } = JSON.parse(text) as { readonly stacks?: readonly string[] };
  const isSame = text === workOf({ stacks, sources: wanted.sources }) && path(there, "spec", "suspend") !== true;
  return isSame && wanted.stacks.every((stack) => stacks.includes(stack)) ? stacks : undefined;
}
