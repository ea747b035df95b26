import type { ProgressSink } from "../platform/progress";

export type Level = "info" | "error";
export type Fields = Readonly<Record<string, unknown>>;

/** Writes what happens as one JSON document a line, as log collectors of clusters read it. */
export class Log {
  constructor(
    private readonly sink: ProgressSink,
    /** In every line. */
    private readonly fixed: Fields = {},
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The same log with more in every line. */
  with(fields: Fields): Log {
    return new Log(this.sink, { ...this.fixed, ...fields }, this.now);
  }

  info(message: string, fields: Fields = {}): void {
    this.line("info", message, fields);
  }

  error(message: string, fields: Fields = {}): void {
    this.line("error", message, fields);
  }

  private line(level: Level, message: string, fields: Fields): void {
    const line = { at: this.now().toISOString(), level, message, ...this.fixed, ...fields };
    this.sink.write(`${JSON.stringify(line)}\n`);
  }
}

/** Takes plain text, as the command framework writes its refusals, and logs each line of it as an error. */
export const errorsInto = (log: Log): ProgressSink => ({
  write: (text) => {
    for (const line of text.split("\n")) if (line.trim() !== "") log.error(line);
  },
});
