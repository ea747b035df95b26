import { durationText } from "../../core/service/duration";
import { asString, path } from "../../core/json";
import { jobSelector, migrationJob } from "../../core/migrations/job";
import { begun, type MigrationNote, type MigrationWork } from "../../core/migrations/note";
import { isInUse, owedDowns } from "../../core/migrations/owed";
import { isUnsettled, nextStep, noted, type Direction, type RunSeen } from "../../core/migrations/step";
import { describeHolder } from "../../core/rollout/lease";
import { LABEL } from "../../core/rollout/names";
import { describeRelease, type Release } from "../../core/rollout/release";
import { CancelledError } from "../../platform/errors";
import type { KubeClient, KubeObject } from "../../platform/kube/client";
import { isApiError, isNotFound } from "../../platform/kube/errors";
import { messageOf, Refusal } from "../rollout/errors";
import type { Note } from "../rollout/journal";
import type { HeldLease } from "../rollout/lease";
import type { RolloutStore } from "../rollout/store";
import { conditionOf, follow, type RunEnd } from "./follow";
import { JobLog } from "./jobLog";
import { NoteStore } from "./noteStore";
import { Teller, type Tell } from "./teller";

/** A run of a migration failed. The release is not held: what is wrong may be the database. */
export class MigrationFailure extends Error {
  override readonly name = "MigrationFailure";
}

export interface MigratorParts {
  readonly kube: KubeClient;
  readonly store: RolloutStore;
  /** Held all the time, so that nobody else migrates this service. */
  readonly lease: HeldLease;
  /** Notes each boundary of `up`. */
  readonly note?: Note;
  /** @default - ends of runs wait in the notes, for the next command */
  readonly tell?: Tell;
  /** Each change of state, and each line that a run prints; must not throw. */
  readonly progress: (message: string) => void;
  readonly now?: () => Date;
  /** How long the container of a run may take to begin, in ms. @default 120000 */
  readonly startDeadlineMs?: number;
}

/** What keeps a pod from beginning may pass: an image that is being pushed, a node that comes. */
const START_DEADLINE_MS = 120_000;
/** A Job whose end is noted can be looked at for so long. */
const KEPT_SECONDS = 86_400;

/**
 * Runs the migrations of one service, each once for a release, whoever is killed when. A run is a Job with a number that
 * follows from what is known; its end is noted in a ConfigMap, and until then the Job stands and is the proof.
 */
export class Migrator {
  private readonly notes: NoteStore;
  private readonly teller: Teller;

  constructor(private readonly parts: MigratorParts) {
    const { kube, store, tell, progress } = parts;
    this.notes = new NoteStore(kube, store.service, store.namespace);
    this.teller = new Teller(store, this.notes, tell, progress);
  }

  /**
   * Brings the database to a release, unless that was done.
   * @param permit refuses a run that is about to begin; one that is under way is waited for all the same.
   * @returns whether a run was waited for.
   * @throws MigrationFailure; Refusal when nothing was run; CancelledError when a run was left to itself.
   */
  async up(
    { id, tag }: Pick<Release, "id" | "tag">,
    work: MigrationWork,
    signal: AbortSignal,
    permit: () => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    const { actual } = await this.parts.store.read();
    // Users are on it already: it was migrated before, whatever is known of that.
    if (actual.live !== null && actual.colors[actual.live]?.release.id === id) return false;
    const begin = async () => {
      const note = begun(await this.notes.read(), { id, tag }, work, actual.record.current, this.at());
      await this.notes.write(id, note);
      return note;
    };
    return this.bring(id, "up", { allow: permit, begin }, signal);
  }

  /**
   * Takes back what releases without traffic did that asked for it, the newest first.
   * @param wanted release that is to go live next.
   * @returns the releases, for people.
   */
  async downs(wanted: string | undefined, signal: AbortSignal): Promise<readonly string[]> {
    await this.settle(signal);
    const done: string[] = [];
    for (;;) {
      const [notes, { actual }] = await Promise.all([this.notes.read(), this.parts.store.read()]);
      const [id] = owedDowns(notes, actual, wanted);
      const note = id === undefined ? undefined : notes.get(id);
      if (id === undefined || note === undefined) return done;
      const name = describeRelease({ id, tag: note.tag });
      const rules = { allow: () => this.refuseInUse(id, note), begin: () => Promise.resolve(note) };
      await this.bring(id, "down", rules, signal);
      done.push(name);
    }
  }

  /** Waits for every run that is under way, and writes down how those ended that nobody waited for. */
  private async settle(signal: AbortSignal): Promise<void> {
    await this.teller.owed();
    const [notes, runs] = await Promise.all([this.notes.read(), this.runs()]);
    for (const [id, note] of notes) {
      const own = runs.filter(({ release }) => release === id);
      if (!isUnsettled(note, own)) continue;
      for (;;) {
        const current = (await this.notes.read()).get(id) ?? note;
        const step = nextStep(current, await this.runs(id), "up");
        if (step.kind === "wait") await this.waitOut(id, current, step.seen, signal);
        else if (step.kind === "note") await this.write(id, current, step.seen);
        else break;
      }
    }
  }

  /** The end of somebody else's run, whichever it is. */
  private async waitOut(id: string, note: MigrationNote, seen: RunSeen, signal: AbortSignal): Promise<void> {
    try {
      await this.wait(id, note, seen, signal);
    } catch (error) {
      if (!(error instanceof MigrationFailure)) throw error;
      this.parts.progress(`an earlier ${seen.direction} of ${note.tag} failed (Job ${seen.job})`);
    }
  }

  /** @param rules `allow` refuses a run that is about to begin; `begin` gives the note that it begins with. */
  private async bring(
    id: string,
    direction: Direction,
    rules: { readonly allow: () => Promise<void>; readonly begin: () => Promise<MigrationNote> },
    signal: AbortSignal,
  ): Promise<boolean> {
    const waited = new Map<number, RunEnd & { readonly lines: readonly string[] }>();
    for (;;) {
      this.refuseStopped(signal);
      const note = (await this.notes.read()).get(id);
      const step = nextStep(note, await this.runs(id), direction);
      if (step.kind === "done") return waited.size > 0;
      if (step.kind === "start") {
        await rules.allow();
        await this.start(id, await rules.begin(), direction, step.run);
        continue;
      }
      const known = note ?? (await rules.begin());
      const { seen } = step;
      if (step.kind === "wait") {
        waited.set(seen.run, await this.wait(id, known, seen, signal));
        continue;
      }
      const end = waited.get(seen.run);
      if (seen.direction === "up" && seen.state === "complete") await this.parts.note?.("migration-ran");
      await this.write(id, known, seen);
      if (seen.direction === "up" && seen.state === "complete") await this.parts.note?.("migrated");
      if (end && end.kind !== "complete") throw this.failure(id, known, seen, end.why, end.lines);
      if (seen.state === "failed")
        this.parts.progress(`an earlier ${seen.direction} of ${known.tag} had failed (Job ${seen.job})`);
    }
  }

  private async start(id: string, note: MigrationNote, direction: Direction, run: number): Promise<void> {
    const { kube, store, progress } = this.parts;
    const { work, tag } = note;
    await this.teller.beginning(id, note, direction, run, this.by());
    const job = migrationJob({
      service: store.service,
      namespace: store.namespace,
      release: id,
      direction,
      run,
      work,
    });
    progress(`${direction} of ${tag} begins (Job ${job.metadata.name})`);
    try {
      await kube.create(job);
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error; // somebody began this run right before: it is waited for
    }
    if (direction === "up") await this.parts.note?.("migration-started");
  }

  private async wait(
    id: string,
    note: MigrationNote,
    seen: RunSeen,
    signal: AbortSignal,
  ): Promise<RunEnd & { readonly lines: readonly string[] }> {
    const { kube, store, lease, progress, startDeadlineMs = START_DEADLINE_MS } = this.parts;
    const { direction, job } = seen;
    const log = await JobLog.of(kube, store.namespace, note.work);
    const line = (text: string) => {
      progress(`${direction} of ${note.tag}: ${text}`);
    };
    const stop = AbortSignal.any([signal, lease.lost]);
    let end: RunEnd;
    try {
      end = await follow({ kube, namespace: store.namespace, job, log, line, startDeadlineMs }, stop);
    } catch (error) {
      if (!stop.aborted) throw error;
      const what =
        `${store.service}: ${direction} of ${describeRelease({ id, tag: note.tag })} goes on in the cluster as Job ${job}: ` +
        `a run that is cut off half-way is worse than one that ends. The next update waits for it; ` +
        `kubectl -n ${store.namespace} delete job ${job} stops it`;
      throw signal.aborted ? new CancelledError(what) : new Refusal(`${messageOf(lease.lost.reason)}; ${what}`);
    }
    const lines = log.lastLines;
    if (end.kind === "complete") return { ...end, lines };
    const why = log.shown(end.why);
    if (end.kind === "failed" && (await this.job(job))) return { kind: "failed", why, lines };
    // No Job is left that could tell: it is written down here.
    await this.write(id, note, { ...seen, state: "failed" });
    throw this.failure(id, note, seen, end.kind === "not started" ? `it did not start: ${why}` : why, lines);
  }

  private failure(
    id: string,
    { tag, work }: MigrationNote,
    { direction, job }: RunSeen,
    why: string,
    lines: readonly string[],
  ): MigrationFailure {
    const { service, namespace } = this.parts.store;
    const last = lines.findLast((line) => line.trim() !== "");
    const name = describeRelease({ id, tag });
    const follows =
      direction === "up"
        ? "No traffic was moved; the live release is as it was, and what the run did until then is still done. Deploy again to run it again"
        : "The traffic is where it is to be. hms-deploy abort, or the next update, runs it again; nothing else is migrated before";
    return new MigrationFailure(
      [
        `${service}: ${direction} of ${name} failed: ${why}${last === undefined ? "" : ` (${last.trim()})`}. ${follows}`,
        `  kubectl -n ${namespace} logs job/${job}  (timeout ${durationText(work.timeoutSeconds)})`,
        ...lines.map((line) => `  | ${line}`),
      ].join("\n"),
    );
  }

  /** Looked at right before each `down`: whoever moves traffic needs the lease, which this process has. */
  private async refuseInUse(id: string, note: MigrationNote): Promise<void> {
    const { actual } = await this.parts.store.read();
    if (isInUse(actual, id))
      throw new Refusal(`${this.parts.store.service}: ${note.tag} (${id}) has traffic, so its down is not run`);
  }

  private refuseStopped(signal: AbortSignal): void {
    const { store, lease } = this.parts;
    if (signal.aborted) throw new CancelledError(`${store.service}: cancelled; no run of a migration is under way`);
    if (lease.lost.aborted)
      throw new Refusal(`${store.service}: ${messageOf(lease.lost.reason)}; nothing was migrated any more`);
  }

  /** The note first, then the Job may go: never the other way round. */
  private async write(id: string, note: MigrationNote, seen: RunSeen): Promise<void> {
    const { kube, store } = this.parts;
    await this.notes.write(id, noted(note, seen, { at: this.at(), by: this.by() }));
    const ref = { apiVersion: "batch/v1", kind: "Job", name: seen.job, namespace: store.namespace };
    try {
      await kube.patch(ref, { spec: { ttlSecondsAfterFinished: KEPT_SECONDS } }, { type: "merge" });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await this.teller.owed();
  }

  /** @param release the only one whose runs are looked for. @default all */
  private async runs(release?: string): Promise<readonly (RunSeen & { readonly release: string })[]> {
    const { kube, store } = this.parts;
    const only = release === undefined ? "" : `,${LABEL.release}=${release}`;
    const jobs = await kube.list(
      { apiVersion: "batch/v1", kind: "Job", namespace: store.namespace },
      { labelSelector: `${jobSelector(store.service)}${only}` },
    );
    return jobs.flatMap((job) => runOf(job) ?? []);
  }

  private job(name: string): Promise<KubeObject | undefined> {
    const { kube, store } = this.parts;
    return kube.get({ apiVersion: "batch/v1", kind: "Job", name, namespace: store.namespace });
  }

  private by(): string {
    return describeHolder(this.parts.lease.holder);
  }

  private at(): string {
    return (this.parts.now?.() ?? new Date()).toISOString();
  }
}

function runOf(job: KubeObject): (RunSeen & { readonly release: string }) | undefined {
  const direction = asString(path(job, "metadata", "labels", LABEL.direction));
  const run = Number(asString(path(job, "metadata", "labels", LABEL.run)));
  if ((direction !== "up" && direction !== "down") || !Number.isInteger(run)) return undefined;
  const state = conditionOf(job, "Complete") ? "complete" : conditionOf(job, "Failed") ? "failed" : "active";
  const release = asString(path(job, "metadata", "labels", LABEL.release)) ?? "";
  return { job: job.metadata.name ?? "", release, direction, run, state };
}
