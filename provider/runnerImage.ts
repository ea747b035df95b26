import { z } from "zod";
import { ensureDatabaseRunnerImage, standingDatabaseRunnerImage } from "../platform/local/databaseRunnerImage";
import { loadLayout } from "../platform/local/layout";
import { ensureRunnerImage, standingRunnerImage } from "../platform/local/runnerImage";
import { Progress } from "../platform/progress";
import type { InvokeRequest, InvokeResult } from "../platform/rpc";
import { parseInputs } from "./resources/inputs";
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

const imageArgs = z.object({ make: z.boolean() });

/**
 * `hms:image:databaseRunner`: the local platform's image of jobs that work on databases, made if it may be; `null` where
 * it may not and is not there. Previews may not. @throws Refusal on another cluster
 */
export const databaseRunner = (session: Session, request: InvokeRequest): Promise<InvokeResult> =>
  localImage(session, request, {
    ensure: ensureDatabaseRunnerImage,
    standing: standingDatabaseRunnerImage,
    elsewhere: "the local platform alone makes an image of snapshot jobs; name one under hms:snapshots",
  });

/** `hms:image:runner`: the same for the runner's own image. @throws Refusal on another cluster */
export const runner = (session: Session, request: InvokeRequest): Promise<InvokeResult> =>
  localImage(session, request, {
    ensure: ensureRunnerImage,
    standing: standingRunnerImage,
    elsewhere: "the local platform alone makes the runner's image; name one by digest as image under hms:inCluster",
  });

async function localImage(
  session: Session,
  { args, signal, log }: InvokeRequest,
  { ensure, standing, elsewhere }: Made,
): Promise<InvokeResult> {
  const { make } = parseInputs(imageArgs, args);
  if (!session.isLocal) throw new Refusal(elsewhere);
  const sink = {
    write: (text: string) => {
      log.info(text.trim());
    },
  };
  const [layout, options] = [loadLayout(process.env), { progress: new Progress(sink), signal }];
  const image = await (make ? ensure(layout, options) : standing(layout, options));
  return { result: { image: image ?? null } };
}

interface Made {
  readonly ensure: typeof ensureRunnerImage;
  readonly standing: typeof standingRunnerImage;
  /** For a cluster that is not this machine's. */
  readonly elsewhere: string;
}
