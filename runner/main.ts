import { EXIT } from "../cli/command";
import { CancelledError } from "../platform/errors";
import { runProgram } from "../cli/program";
import { errorsInto, Log } from "./log";
import { RUNNER } from "./program";

/** Entry of the image `hms-runner`: everything it says is one JSON document a line on stdout. */
async function main(words: readonly string[]): Promise<void> {
  const controller = new AbortController();
  const log = new Log(process.stdout);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      // A pod that is to go has its grace period for a clean stop; whoever asks again does not want to wait for it.
      if (controller.signal.aborted) process.exit(EXIT.cancelled);
      log.info(`stopping on ${signal}`);
      controller.abort(new CancelledError(`the pod was told to end (${signal})`));
    });
  const io = { out: process.stdout, err: errorsInto(log), env: process.env, signal: controller.signal };
  process.exitCode = await runProgram(RUNNER, words, io);
  await new Promise((written) => process.stdout.write("", written));
  // Keep-alive connections must not keep a finished command.
  process.exit(process.exitCode);
}

void main(process.argv.slice(2));
