import { setTimeout as sleep } from "node:timers/promises";
import { nextOf, type FleetWaves, type Outcome, type Row } from "../../core/fleet/run";
import { CancelledError, reasonOf } from "../../platform/errors";

/** What is done with a member of a fleet; each throws with the reason where it cannot be done. */
export interface FleetRunner {
  /**
   * Updates it; a failed update has restored itself. @returns what is live then, in one line.
   * @throws CancelledError where it was stopped, or not begun
   */
  update(member: string, how: UpdateHow): Promise<string>;
  /** What is no longer as its update left it; `undefined` when all of it is. */
  look(member: string): Promise<string | undefined>;
  /** Takes back what its update in this run moved. @returns what is live then, in one line. */
  undo(member: string, signal: AbortSignal): Promise<string>;
}

export interface UpdateHow {
  readonly signal: AbortSignal;
  /** So many other members may still fail before nothing more is to be begun. */
  readonly mayFail: number;
  /** Called when it really begins, where that is later than the call. */
  readonly begun: () => void;
}

export interface DriveOptions {
  readonly waves: FleetWaves;
  /** So many members at once. */
  readonly parallel: number;
  /** Whether members that were updated are taken back when the run stops. */
  readonly undo: boolean;
  /** Members that an earlier run has updated already. */
  readonly done: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** Called at each change, with the whole table. */
  readonly onChange: (rows: readonly Row[], changed: string) => void;
}

export interface Driven {
  readonly rows: readonly Row[];
  /** Why later waves were not begun; absent: all were. */
  readonly stopped?: string;
  readonly cancelled: boolean;
}

/** Updates a fleet wave by wave. A member that fails stops what comes after it and nothing else. */
export async function driveFleet(runner: FleetRunner, options: DriveOptions): Promise<Driven> {
  const { waves, parallel, signal, onChange } = options;
  const rows = new Map<string, Row>(
    waves.order.flatMap((members, wave) =>
      members.map((member) => [member, rowOf(member, wave, options.done.has(member))] as const),
    ),
  );
  const outcomes = () => new Map([...rows].map(([member, { outcome }]) => [member, outcome]));
  const set = (member: string, change: Partial<Row>): void => {
    const row = rows.get(member);
    if (!row) return;
    rows.set(member, { ...row, ...change });
    onChange([...rows.values()], member);
  };
  const running = new Map<string, Promise<void>>();
  const mine = new Set<string>();
  let soaked = 0;
  for (;;) {
    const next = nextOf(waves, outcomes(), soaked, parallel);
    if (next.soak && !signal.aborted) {
      const { wave, seconds } = next.soak;
      await watch(waves.order[wave] ?? [], seconds);
      soaked = wave + 1;
      continue;
    }
    if (!signal.aborted) for (const member of next.start) begin(member);
    if (running.size === 0 && (next.over || signal.aborted)) return finish(next.stopped);
    await Promise.race(running.values());
  }

  function begin(member: string): void {
    let begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    const failed = [...rows.values()].filter(({ outcome }) => outcome === "failed").length;
    set(member, { outcome: "running" });
    mine.add(member);
    const work = runner
      .update(member, { signal, mayFail: waves.maxFailures - failed, begun: () => (begun = performance.now()) })
      .then(
        (said) => {
          set(member, { outcome: "done", seconds: seconds(), said });
        },
        (error: unknown) => {
          const stopped = error instanceof CancelledError || signal.aborted;
          set(member, { outcome: stopped ? "waiting" : "failed", seconds: seconds(), said: reasonOf(error) });
        },
      )
      .finally(() => running.delete(member));
    running.set(member, work);
  }

  /** A release that was taken back while its wave is watched counts as a failure of that member. */
  async function watch(members: readonly string[], seconds: number): Promise<void> {
    const updated = members.filter((member) => mine.has(member) && rows.get(member)?.outcome === "done");
    if (updated.length === 0) return;
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await Promise.all(
      updated.map(async (member) => {
        const problem = await runner.look(member).catch(reasonOf);
        if (problem !== undefined) set(member, { outcome: "failed", said: problem });
      }),
    );
  }

  async function finish(stopped: string | undefined): Promise<Driven> {
    if (stopped !== undefined && options.undo && !signal.aborted) {
      const updated = [...mine].filter((member) => rows.get(member)?.outcome === "done").reverse();
      for (const member of updated)
        await runner.undo(member, signal).then(
          (said) => {
            set(member, { outcome: "undone", said });
          },
          (error: unknown) => {
            set(member, { said: `could not be taken back: ${reasonOf(error)}` });
          },
        );
    }
    return { rows: [...rows.values()], ...(stopped === undefined ? {} : { stopped }), cancelled: signal.aborted };
  }
}

const rowOf = (member: string, wave: number, isDone: boolean): Row => {
  const outcome: Outcome = isDone ? "done" : "waiting";
  return { member, wave, outcome, seconds: null, said: isDone ? "by an earlier run" : "" };
};
