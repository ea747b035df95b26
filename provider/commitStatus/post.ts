import { setTimeout as sleep } from "node:timers/promises";
import { statusRequest, type CommitStatus, type Forge } from "../../core/commitStatus/forge";
import { RefusedError, reasonOf } from "../../platform/errors";

const TIMEOUT_MS = 10_000;
const PAUSES_MS = [500, 2000];

/**
 * Says at the forge how a commit stands; tried three times where the forge is busy or away.
 * @throws RefusedError with the forge's answer, never with the token.
 */
export async function postStatus(
  forge: Forge,
  status: CommitStatus,
  signal?: AbortSignal,
  pauses: readonly number[] = PAUSES_MS,
): Promise<void> {
  const { url, headers, body } = statusRequest(forge, status);
  const failed = (why: string): RefusedError =>
    new RefusedError(
      `the status ${status.context} of commit ${forge.commit.slice(0, 12)} was not taken by ${forge.kind}: ${why}`,
    );
  for (let attempt = 0; ; attempt++) {
    const timed = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]);
    // A forge that sends us elsewhere does not get the token there.
    const answer = await fetch(url, { method: "POST", headers, body, signal: timed, redirect: "error" }).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        return error instanceof Error && error.cause instanceof Error ? error.cause : reasonOf(error);
      },
    );
    if (answer instanceof Response && answer.ok) {
      await answer.body?.cancel();
      return;
    }
    const again = !(answer instanceof Response) || answer.status === 429 || answer.status >= 500;
    const pause = pauses[attempt];
    if (!again || pause === undefined)
      throw failed(
        answer instanceof Response ? `${answer.status} ${answer.statusText}${hint(answer.status)}` : reasonOf(answer),
      );
    await sleep(pause, undefined, signal === undefined ? {} : { signal });
  }
}

const hint = (status: number): string => {
  if (status === 401 || status === 403) return "; the token may not write commit statuses";
  return status === 404 ? "; it does not know the project or the commit, or hides them from the token" : "";
};
