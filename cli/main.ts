import { CancelledError } from "../platform/errors";
import { EXIT } from "./command";
import { runProgram } from "./program";
import { PROGRAMS } from "./registry";

/** Entry of every program of the command line; the launcher hands over its name and its words. */
async function main([name = "hms", ...words]: readonly string[]): Promise<void> {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (program === undefined) {
    process.stderr.write(`there is no program ${name}\n`);
    process.exitCode = EXIT.misused;
    return;
  }
  const controller = new AbortController();
  let asked = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      asked += 1;
      // The first asks for a clean stop; whoever asks again does not want to wait for it.
      if (asked > 2) process.exit(EXIT.cancelled);
      controller.abort(new CancelledError(`cancelled (${signal})`));
    });
  // A reader that has gone (`hms status | head`) is no error.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const { stdout: out, stderr: err, env } = process;
  process.exitCode = await runProgram(program, words, { out, err, env, signal: controller.signal });
  // Keep-alive connections must not keep a finished command.
  await Promise.all([out, err].map((stream) => new Promise((resolve) => stream.write("", resolve))));
  process.exit(process.exitCode);
}

void main(process.argv.slice(2));
