/** Where progress goes: standard error, or a buffer in tests. */
export interface ProgressSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** One thing that takes time. Ends with `done` or `fail`; `note` says where it stands. */
export interface Step {
  note(text: string): void;
  done(text?: string): void;
  fail(text: string): void;
}

interface Running {
  readonly name: string;
  readonly since: number;
  noted: string;
  shown: boolean;
}

/** A step quicker than this is not worth a line of its own. */
const QUIET_MS = 400;

/** Seconds or minutes, as a person reads them. */
export function elapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/**
 * Shows steps as they run: one live line on a terminal (what runs, for how long, what is next), plain lines elsewhere.
 * Steps may run at the same time; quick ones leave no trace.
 */
export class Progress {
  private readonly running = new Set<Running>();
  private upcoming: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private lastHeartbeat = Date.now();

  constructor(
    private readonly sink: ProgressSink,
    private readonly now: () => number = Date.now,
  ) {}

  /** Names what has not begun yet, in order. */
  next(names: readonly string[]): void {
    this.upcoming = names;
  }

  step(name: string): Step {
    const step: Running = { name, since: this.now(), noted: "", shown: false };
    this.running.add(step);
    this.timer ??= this.tick();
    const end = (mark: string, text: string, always: boolean) => {
      if (!this.running.delete(step)) return;
      const took = this.now() - step.since;
      if (always || took >= QUIET_MS) this.line(`${mark} ${name}${text === "" ? "" : `: ${text}`} (${elapsed(took)})`);
      if (this.running.size === 0) this.close();
    };
    return {
      note: (text) => {
        step.noted = text;
      },
      done: (text = "") => {
        end("✓", text, false);
      },
      fail: (text) => {
        end("✗", text, true);
      },
    };
  }

  /** Runs `body` as one step. */
  async during<T>(name: string, body: (step: Step) => Promise<T>): Promise<T> {
    const step = this.step(name);
    try {
      const result = await body(step);
      step.done();
      return result;
    } catch (error) {
      step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
      throw error;
    }
  }

  /** A line that stays. */
  line(text: string): void {
    this.sink.write(this.sink.isTTY === true ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.sink.isTTY === true) this.sink.write("\r\u001b[K");
  }

  private tick(): NodeJS.Timeout {
    this.lastHeartbeat = this.now();
    const timer = setInterval(
      () => {
        if (this.sink.isTTY === true) this.sink.write(`\r\u001b[K${this.status(this.sink.columns ?? 80)}`);
        else this.plain();
      },
      this.sink.isTTY === true ? 120 : 500,
    );
    timer.unref();
    return timer;
  }

  /** The live line, cut to the width of the terminal. */
  status(columns: number): string {
    const now = this.now();
    const running = [...this.running].map(
      (step) => `${step.name} ${elapsed(now - step.since)}${step.noted === "" ? "" : ` (${step.noted})`}`,
    );
    const next = this.upcoming.length === 0 ? "" : ` · next: ${this.upcoming.slice(0, 3).join(", ")}`;
    return `… ${running.join(", ")}${next}`.slice(0, Math.max(20, columns - 1));
  }

  private plain(): void {
    const now = this.now();
    for (const step of this.running) {
      if (step.shown || now - step.since < QUIET_MS) continue;
      step.shown = true;
      this.sink.write(`… ${step.name}\n`);
    }
    if (now - this.lastHeartbeat < 30_000 || this.running.size === 0) return;
    this.lastHeartbeat = now;
    this.sink.write(`${this.status(200)}\n`);
  }
}
