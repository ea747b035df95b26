import { messageOf } from "./errors";

/**
 * The engine ends a plugin with SIGINT; a killed engine only leaves the end of our stdin behind. Either way what runs is
 * stopped, cleans up after itself, and then the process goes at once: the engine waits up to 5 s for one that lingers.
 */
export function leaveWithTheEngine(stop: (why: string) => Promise<void>): void {
  let leaving = false;
  const leave = (why: string) => {
    if (leaving) return;
    leaving = true;
    stop(why).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", () => {
    leave("interrupted");
  });
  process.on("SIGTERM", () => {
    leave("terminated");
  });
  const ignore = () => undefined;
  process.stdin.on("end", () => {
    leave("the engine is gone");
  });
  process.stdin.on("error", ignore).resume();
  process.stdout.on("error", ignore); // a gone engine's end of the pipe (EPIPE) must not end the clean-up
  process.stderr.on("error", ignore);
}
