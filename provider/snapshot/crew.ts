import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { ScrubError, withoutValues } from "../../core/scrub/errors";
import { bundleFile } from "../../platform/toolchain/launcher";
import type { CrewSetup, Job, Told, Work, WorkKind } from "./job";

/**
 * Memory for objects of one thread, in MiB; values themselves lie outside of it. With 8 for young objects a process grew by a
 * fifth from 30 MB of rows to 300, with 3 by a tenth, in the same time (docs/performance.md).
 */
const HEAP = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 3 };

/** For a thread to take leave, in milliseconds. */
const LEAVE_MS = 2000;

export type Moved = (rows: number, bytes: number) => void;

/**
 * Threads that work on one snapshot. What they answer does not depend on how many there are, nor on which of them did
 * what. When one fails, the others are of no more use either: end them.
 */
export class Crew {
  readonly #members: readonly Member[];

  /** @param threads that work side by side, from 1. */
  constructor(
    setup: CrewSetup,
    threads: number,
    private readonly signal: AbortSignal,
  ) {
    const file = bundleFile("snapshot-worker");
    this.#members = Array.from({ length: threads }, () => new Member(file, setup));
    signal.addEventListener("abort", this.#abort);
  }

  /**
   * Hands out jobs in their order, the next one to whoever is free. What is asked for meanwhile is done in between: each
   * thread does a job of the one and a job of the other. @returns answers in the order of the jobs.
   * @throws ScrubError of the job that failed first, or the signal's reason.
   */
  async run<Kind extends WorkKind>(
    kind: Kind,
    jobs: readonly Work[Kind]["job"][],
    moved: Moved,
    begun: (index: number, ended: number) => void = () => undefined,
  ): Promise<readonly Work[Kind]["answer"][]> {
    const answers: Work[Kind]["answer"][] = [];
    let next = 0;
    let ended = 0;
    const work = async (member: Member): Promise<void> => {
      for (let index = next++; index < jobs.length; index = next++) {
        this.signal.throwIfAborted();
        begun(index, ended);
        const job = { kind, job: jobs[index] } as Job;
        answers[index] = (await member.ask(job, moved)) as Work[Kind]["answer"];
        ended++;
      }
    };
    try {
      await Promise.all(this.#members.map(work));
    } catch (error) {
      this.signal.throwIfAborted();
      throw error;
    }
    return answers;
  }

  /** Ends all threads, also in the middle of a job, and waits until they are gone. */
  async end(): Promise<void> {
    this.signal.removeEventListener("abort", this.#abort);
    await Promise.all(this.#members.map((member) => member.end()));
  }

  readonly #abort = (): void => {
    for (const member of this.#members) void member.end();
  };
}

/** One thread. */
class Member {
  readonly #worker: Worker;
  #settle: { readonly done: (answer: unknown) => void; readonly failed: (error: Error) => void } | undefined;
  /** Settles when everything is answered that was asked so far. */
  #last: Promise<unknown> = Promise.resolve();
  #moved: Moved = () => undefined;
  #isBusy = false;
  #ended: Error | undefined;

  constructor(file: string, setup: CrewSetup) {
    // Nobody reads what it prints: whatever a fault would make it print may hold data.
    this.#worker = new Worker(file, {
      workerData: setup,
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: HEAP,
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on("message", (told: Told) => {
      this.#hear(told);
    });
    this.#worker.on("error", (error) => {
      this.#stop(withoutValues(error));
    });
    this.#worker.on("exit", () => {
      this.#stop(new ScrubError("unexpected", { kind: "thread-ended" }));
    });
  }

  /** Waits its turn behind whatever was asked before. */
  ask(job: Job, moved: Moved): Promise<unknown> {
    const asked = this.#last.then(() => this.#give(job, moved));
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  #give(job: Job, moved: Moved): Promise<unknown> {
    return new Promise((done, failed) => {
      if (this.#ended) {
        failed(this.#ended);
        return;
      }
      this.#moved = moved;
      this.#settle = { done, failed };
      this.#isBusy = true;
      this.#worker.postMessage(job);
    });
  }

  /** One that is idle takes leave of the source; one that works, or cannot in time, is cut off. */
  async end(): Promise<void> {
    if (!this.#isBusy && !this.#ended) {
      const gone = new Promise((resolve) => this.#worker.once("exit", resolve));
      this.#worker.postMessage(null);
      await Promise.race([gone, setTimeout(LEAVE_MS, undefined, { ref: false })]);
    }
    await this.#worker.terminate();
  }

  #hear(told: Told): void {
    if (told.kind === "moved") {
      this.#moved(told.rows, told.bytes);
      return;
    }
    this.#isBusy = false;
    if (told.kind === "done") this.#settle?.done(told.answer);
    else this.#settle?.failed(new ScrubError(told.code, told.names, told.numbers));
  }

  #stop(error: Error): void {
    this.#ended ??= error;
    this.#settle?.failed(this.#ended);
  }
}
