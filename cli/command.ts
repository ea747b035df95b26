import { RefusedError } from "../platform/errors";
import type { ProgressSink } from "../platform/progress";

/** How a command ends; scripts rely on it. */
export const EXIT = { done: 0, refused: 1, misused: 2, cancelled: 130 } as const;

/** The command line itself was wrong. Prints the usage's hint and exits 2. */
export class UsageError extends RefusedError {
  override readonly name = "UsageError";
}

/** Where a command writes. Answers go to `out`, everything else (progress, warnings) to `err`. */
export interface Io {
  readonly out: ProgressSink;
  readonly err: ProgressSink;
  readonly env: NodeJS.ProcessEnv;
  /** Fires on Ctrl-C; a command then stops cleanly and throws. */
  readonly signal: AbortSignal;
}

/** What the user typed, read by the command's own declaration. */
export class Invocation {
  constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly positional: readonly string[],
    /** Everything after `--`, or all words of a command that takes them as they are. */
    readonly rest: readonly string[] = [],
  ) {}

  /** The value of `--name`, or its default; undefined if it was not given. */
  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** The value of `--name`, which must be there. @throws UsageError */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw new UsageError(`--${kebab(name)} is missing`);
    return value;
  }

  /** Whether the switch `--name` was given. */
  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** The argument at that place; undefined if it was not given. */
  argument(index: number): string | undefined {
    return this.positional[index];
  }

  get arguments(): readonly string[] {
    return this.positional;
  }
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export interface OptionSpec {
  /** As commander reads it: `--stack <name>`, `--json`, `-n, --lines <count>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string;
}

export interface ArgumentSpec {
  /** `<name>` must be given, `[name]` may, `<name...>` may be several. */
  readonly syntax: string;
  readonly description: string;
}

/** A command: usage as data, and a thin `run`. */
export interface Command {
  /** Words after the program's name: `local up`. Empty for what the program does without a word. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Whole command lines, with what they do after `#`. */
  readonly examples: readonly string[];
  /** Takes all its words as they are, for programs that hand them on. */
  readonly passThrough?: boolean;
  /** Answers with an exit code, or nothing for 0. What stops it is thrown. */
  run(invocation: Invocation, io: Io): Promise<number | undefined> | Promise<void>;
}

/** A program of this project and what it can do. */
export interface ProgramSpec {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
  /** What a first word stands for under which several commands are gathered: `local`. */
  readonly groups?: Readonly<Record<string, string>>;
}

/** `--json`, as every command that answers something has it. */
export const JSON_OPTION: OptionSpec = {
  flags: "--json",
  description: "print the answer as one JSON document on stdout, progress on stderr",
};

/** Prints the answer of a command: text for people, or one document for programs. */
export function answer(io: Io, asJson: boolean, document: unknown, text: () => string): void {
  io.out.write(asJson ? `${JSON.stringify(document, null, 2)}\n` : `${text().replace(/\n?$/, "")}\n`);
}
