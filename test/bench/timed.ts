import { spawn } from "node:child_process";
import path from "node:path";
import { CancelledError, RefusedError } from "../../platform/errors";

export interface Timed {
  readonly out: string;
  readonly seconds: number;
  /** Of the program and of all that it started and waited for. */
  readonly cpuSeconds: number;
}

/** Runs other programs, each in a group of its own, which ends with the signal. */
export class Programs {
  constructor(private readonly signal: AbortSignal) {}

  /**
   * @param started told the process id.
   * @returns what it printed. @throws CancelledError, or RefusedError when it fails
   */
  run(
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    started: (pid: number) => void = () => undefined,
  ): Promise<string> {
    const { signal } = this;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
      const stop = (): void => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
      };
      signal.addEventListener("abort", stop, { once: true });
      if (child.pid !== undefined) started(child.pid);
      const out: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.on("error", reject);
      child.on("close", (code) => {
        signal.removeEventListener("abort", stop);
        if (signal.aborted) reject(new CancelledError());
        else if (code === 0) resolve(Buffer.concat(out).toString());
        else reject(new RefusedError(`${path.basename(program)} failed (exit ${String(code)}); see above`));
      });
    });
  }

  /** By a shell, which says how much processor time its children took. What is printed may go `nowhere`. */
  async timed(
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    nowhere: boolean,
    started?: (pid: number) => void,
  ): Promise<Timed> {
    const begun = performance.now();
    const script = `"$0" "$@" ${nowhere ? ">/dev/null" : ""} || exit; echo; times`;
    const out = await this.run("sh", ["-c", script, program, ...args], env, started);
    const seconds = (performance.now() - begun) / 1000;
    const lines = out.trim().split("\n");
    const cpuSeconds = [...(lines.at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
      0,
    );
    return { out: lines.slice(0, -2).join("\n"), seconds, cpuSeconds };
  }
}
