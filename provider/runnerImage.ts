import { loadLayout } from "../platform/local/layout";
import { ensureRunnerImage } from "../platform/local/runnerImage";
import { Progress } from "../platform/progress";
import type { Log } from "../platform/rpc";

/** The runner's image in the local platform's registry; made on the first use, which takes a while. */
export function localRunnerImage(log: Log, signal: AbortSignal): Promise<string> {
  const sink = {
    write: (text: string) => {
      log.status(text.trim());
    },
  };
  return ensureRunnerImage(loadLayout(process.env), { progress: new Progress(sink), signal });
}
