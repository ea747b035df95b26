import type { ChildProcess } from "node:child_process";

/** Asks a process that a test started to end, and waits until it has. */
export async function endOf(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
