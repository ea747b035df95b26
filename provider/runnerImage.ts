import { loadLayout } from "../platform/local/layout";
import { ensureRunnerImage } from "../platform/local/runnerImage";
import { Progress } from "../platform/progress";
import { Refusal } from "./rollout/errors";
import type { Session } from "./session";

/**
 * Image of the runner by digest: the one that is named, else the local platform's, made on its first use, which takes a
 * while. @throws Refusal on another cluster that names none.
 */
export function runnerImage(
  session: Session,
  { service, named, why }: { readonly service: string; readonly named: string; readonly why: string },
  status: (message: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (named !== "") return Promise.resolve(named);
  if (!session.isLocal) {
    throw new Refusal(
      `${service}: ${why}, and hms:inCluster.image names no image of the runner. ` +
        `Push the runner's image to a registry of this cluster and name it by digest; no traffic was moved`,
    );
  }
  const sink = {
    write: (text: string) => {
      status(text.trim());
    },
  };
  return ensureRunnerImage(loadLayout(process.env), { progress: new Progress(sink), signal });
}
