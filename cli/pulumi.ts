import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { RefusedError } from "../platform/errors";
import { judged } from "../platform/policyPack";
import { describeLock, lockOf, refuseLiving } from "./engineLock";
import { removeBrokenAttributes } from "./stateFiles";

export interface PulumiCall {
  readonly root: string;
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Each line the engine prints, as it comes. */
  readonly onLine: (line: string) => void;
}

export interface PulumiResult {
  readonly code: number;
  readonly lines: readonly string[];
}

/**
 * One `pulumi` command to its end, judged by the policy pack where it makes a plan. The engine gets one interrupt when
 * `signal` fires, and is then waited for: it restores.
 */
export function pulumi(call: PulumiCall, args: readonly string[]): Promise<PulumiResult> {
  return new Promise((resolve, reject) => {
    // A process group of its own: a terminal's Ctrl-C would reach it twice, and the second one kills what restores.
    const child = spawn("pulumi", judged(args, call.root, call.env), {
      cwd: call.root,
      env: call.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const interrupt = () => void child.kill("SIGINT");
    if (call.signal.aborted) interrupt();
    else call.signal.addEventListener("abort", interrupt, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        call.onLine(line);
      });
    }
    child.on("error", (error) => {
      reject(
        new RefusedError(`pulumi could not be started: ${error.message}. Run \`bin/hms local up\`, or install Pulumi`),
      );
    });
    child.on("close", (code) => {
      call.signal.removeEventListener("abort", interrupt);
      resolve({ code: code ?? 1, lines });
    });
  });
}

/** A change of a call's own, beside what is the same for each. */
export interface UpOptions {
  /** The engine's own plan: previewed against first, so that a difference is found before anything is changed. */
  readonly plan?: string;
}

/**
 * `pulumi up` of a stack that need not exist yet. A lock whose owner has ended is cleared, with what that owner left
 * behind; a living owner's is never touched.
 * @throws RefusedError when somebody alive holds the engine's lock.
 */
export async function up(call: PulumiCall, { plan }: UpOptions = {}): Promise<PulumiResult> {
  const how = plan === undefined ? ["--skip-preview"] : ["--plan", plan];
  const args = ["up", "--stack", call.stack, "--yes", ...how, "--non-interactive", "--color", "never"];
  // That a stack is new is no error to its owner.
  const onLine = (line: string) => {
    if (!line.includes(NO_STACK)) call.onLine(line);
  };
  for (const file of removeBrokenAttributes(call.env.PULUMI_BACKEND_URL ?? "", call.root))
    call.onLine(`${file} was cut off when an engine was killed; removed, the state itself is whole`);
  const first = await pulumi({ ...call, onLine }, args);
  if (first.code === 0) return withoutPending(call, first);
  if (call.signal.aborted) return first;
  if (first.lines.some((line) => line.includes(NO_STACK))) {
    call.onLine(`stack ${call.stack} is new`);
    const quiet = { ...call, onLine: () => undefined };
    await pulumi(quiet, ["stack", "init", call.stack, "--no-select", "--non-interactive"]);
    return pulumi(call, args);
  }
  const locks = first.lines.flatMap((line) => lockOf(line) ?? []);
  if (locks.length === 0) return first;
  for (const lock of locks) refuseLiving(lock, call.stack);
  call.onLine(`the update that held the lock has ended (${locks.map(describeLock).join(", ")}); taking over`);
  await pulumi(call, ["cancel", call.stack, "--yes", "--non-interactive"]);
  return withoutPending(call, await pulumi(call, args));
}

/** What a dead update had begun to create stays pending, with a warning at each run, until a refresh says otherwise. */
async function withoutPending(call: PulumiCall, ran: PulumiResult): Promise<PulumiResult> {
  if (call.signal.aborted || !ran.lines.some((line) => line.includes("interrupted while creating"))) return ran;
  const refresh = ["refresh", "--stack", call.stack, "--yes", "--skip-preview", "--clear-pending-creates"];
  const cleared = await pulumi(call, [...refresh, "--non-interactive", "--color", "never"]);
  return ran.code === 0 ? cleared : ran;
}

/**
 * `pulumi preview`, its events as lines of JSON on stdout, the engine's plan in `plan`. A stack that does not exist yet
 * is made, empty: the engine previews no other one.
 */
export async function preview(call: PulumiCall, plan: string): Promise<PulumiResult> {
  const args = ["preview", "--stack", call.stack, "--json", "--save-plan", plan];
  const streamed = { ...call, env: { ...call.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" } };
  const first = await pulumi(streamed, [...args, "--non-interactive", "--color", "never"]);
  if (first.code === 0 || !first.lines.some((line) => line.includes(NO_STACK))) return first;
  await pulumi(call, ["stack", "init", call.stack, "--no-select", "--non-interactive"]);
  return pulumi(streamed, [...args, "--non-interactive", "--color", "never"]);
}

const NO_STACK = "no stack named";

/** Why an `up` failed, in one line: the engine prints it among other things, and not last. */
export function reasonOf(lines: readonly string[]): string {
  const reasons = lines.flatMap((line, index) => {
    const [, text] = /^\s*error: (.*)$/.exec(line) ?? [];
    if (text === undefined || /^(update|preview|refresh|destroy) failed$/.test(text)) return [];
    return /^\d+ errors? occurred:$/.test(text) ? [starred(lines.slice(index + 1))] : [text];
  });
  return reasons.find((reason) => !CONSEQUENCE.test(reason)) ?? reasons[0] ?? "the update failed";
}
/** The program's frame, and what was cut short because something else had failed. */
const CONSEQUENCE = /failed with an unhandled exception|context canceled$/;

/** The list under "1 error occurred:", each item with its continuation lines. */
function starred(lines: readonly string[]): string {
  const end = lines.findIndex((line) => line.trim() === "");
  return lines
    .slice(0, end === -1 ? undefined : end)
    .map((line) => line.trim().replace(/^\* /, ""))
    .join("; ");
}
