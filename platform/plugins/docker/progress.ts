import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { EngineRefusal } from "./engineApi";
import { isRecord, textIn } from "./json";

const LINES_KEPT = 20;

export interface Followed {
  /** Begins the message of a failure. */
  readonly failure: string;
  readonly signal: AbortSignal;
  /** Gets each line as it comes. */
  readonly show: (line: string) => void;
  /** Texts that must not be shown. */
  readonly hidden: readonly string[];
}

/**
 * Reads the messages of a build, push or pull to their end.
 * @returns what the engine adds for programs
 * @throws EngineRefusal with the last lines, or the signal's reason
 */
export async function follow(stream: Readable, followed: Followed): Promise<readonly unknown[]> {
  try {
    return await messagesOf(stream, followed);
  } catch (error) {
    if (followed.signal.aborted) throw followed.signal.reason; // the connection that we cut is no finding
    throw error;
  }
}

async function messagesOf(stream: Readable, { failure, show, hidden }: Followed): Promise<readonly unknown[]> {
  const kept: string[] = [];
  const extras: unknown[] = [];
  for await (const line of createInterface({ input: stream })) {
    const message = parsed(line);
    if (message === undefined) continue;
    if (message.aux !== undefined) extras.push(message.aux);
    for (const text of linesOf(message)) {
      const clean = redact(text, hidden);
      kept.push(clean);
      if (kept.length > LINES_KEPT) kept.shift();
      show(clean);
    }
    const error = textIn(message, "errorDetail", "message") ?? textIn(message, "error");
    if (error !== undefined) throw new EngineRefusal(0, failureText(failure, redact(error, hidden), kept));
  }
  return extras;
}

function failureText(failure: string, error: string, lines: readonly string[]): string {
  const log = lines.map((line) => `  ${line}`).join("\n");
  return lines.length === 0 ? `${failure}: ${error}` : `${failure}: ${error}\nits last lines:\n${log}`;
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Lines for people: what the builder prints, and changes of state, but not every step of a progress bar. */
function linesOf(message: Record<string, unknown>): readonly string[] {
  const printed = textIn(message, "stream");
  if (printed !== undefined)
    return printed
      .split(/\r?\n/)
      .map((line) => line.trimEnd())
      .filter((line) => line !== "");
  const status = textIn(message, "status");
  if (status === undefined || textIn(message, "progress") !== undefined) return [];
  const id = textIn(message, "id");
  return [id === undefined ? status : `${id}: ${status}`];
}

const SHORTEST_HIDDEN = 4;

/** Without the secrets that a command in the Dockerfile may have printed. */
export const redact = (text: string, hidden: readonly string[]): string =>
  hidden
    .filter((value) => value.length >= SHORTEST_HIDDEN)
    .reduce((clean, value) => clean.replaceAll(value, "[secret]"), text);
