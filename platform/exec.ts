import { spawn } from "node:child_process";
import { CancelledError, RefusedError } from "./errors";

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Ends the process, and everything it started, when it fires. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Called with each line of stderr and stdout as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and returns what it said, whatever the exit code. A missing program has code 127. */
export function tryExec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that cancelling also ends what it started (compilers, apt's children).
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const end = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch {
        // Already gone.
      }
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            end();
          }, options.timeoutMs);
    options.signal?.addEventListener("abort", end, { once: true });
    const finish = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
    };
    const listen = (stream: NodeJS.ReadableStream, keep: (text: string) => void) => {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        keep(chunk);
        if (options.onLine === undefined) return;
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) options.onLine(line);
      });
    };
    listen(child.stdout, (text) => (stdout += text));
    listen(child.stderr, (text) => (stderr += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.on("error", (error: NodeJS.ErrnoException) => {
      finish();
      if (error.code === "ENOENT") resolve({ code: 127, stdout, stderr: `${command}: not found` });
      else reject(error);
    });
    child.on("close", (code) => {
      finish();
      if (options.signal?.aborted === true) reject(new CancelledError());
      else if (timedOut)
        resolve({ code: 124, stdout, stderr: `${stderr}\n${command}: no answer in ${options.timeoutMs ?? 0} ms` });
      else resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}

/** Runs a program that must succeed; a failure carries the command and the end of what it said. */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const result = await tryExec(command, args, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() === "" ? result.stdout : result.stderr).trim().split("\n").slice(-12).join("\n");
    throw new RefusedError(`${[command, ...args].join(" ").slice(0, 200)} failed (exit ${result.code}):\n${said}`);
  }
  return result.stdout;
}
