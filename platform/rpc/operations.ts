/** The operations in flight: stopped together, and waited for before the process leaves. */
import { Cancelled } from "./errors";

export class Operations {
  private readonly running = new Map<Promise<unknown>, AbortController>();
  private stopped: Cancelled | undefined;

  /** Runs `work` with a signal that ends with the caller's hang-up, a cancel, or the end of this process. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, onHangUp: (hangUp: () => void) => void): Promise<T> {
    const controller = new AbortController();
    if (this.stopped) controller.abort(this.stopped);
    const promise = work(controller.signal);
    this.running.set(promise, controller);
    onHangUp(() => {
      if (this.running.has(promise)) controller.abort(new Cancelled("the engine hung up"));
    });
    try {
      return await promise;
    } finally {
      this.running.delete(promise);
    }
  }

  /** Stops what runs and what may still be asked for. Silent when nothing runs: the engine cancels at the end of every run. */
  abort(why: string): void {
    this.stopped ??= new Cancelled(why);
    for (const controller of this.running.values()) controller.abort(this.stopped);
  }

  /** Resolves when every operation, its own clean-up included, has ended. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running.keys());
  }
}
