import { setTimeout as sleep } from "node:timers/promises";
import { parseDuration } from "../../core/service/duration";
import { reviewUrl } from "../../core/sharing/names";
import { revisionOf, standingOf, type Review, type Standing } from "../../core/sharing/review";
import { decisionsOf } from "../../provider/sharing/records";
import { sandboxSeen } from "../../provider/sharing/sandboxes";
import { answer, EXIT, JSON_OPTION, UsageError, type Command } from "../command";
import { doorOfPlace } from "../sandbox/reviewGate";
import { openSandboxes } from "../sandbox/session";
import { settleDoors } from "../sandbox/settle";
import { sandboxMeant, standing } from "./sbxShare";

const EVERY_MS = 1000;

/** `hms-sbx wait-approval`: a pipeline waits for people. */
export const sbxWaitApproval: Command = {
  name: "wait-approval",
  summary: "Waits until a role has decided on a sandbox: exit 0 approved, 1 rejected, out of time, or gone.",
  arguments: [{ syntax: "<sandbox>", description: "its name or its address" }],
  options: [
    { flags: "--role <group>", description: "whose decision counts" },
    { flags: "--timeout <time>", description: "how long to wait, for example 2h; default is until the sandbox's end" },
    JSON_OPTION,
  ],
  examples: [
    "hms-sbx wait-approval sbx-42 --role PolicyAnalyst --timeout 2h && hms-deploy --env prod",
    "hms-sbx wait-approval sbx-42 --role PolicyAnalyst --timeout 0s --json   # how it stands now",
  ],
  async run(invocation, io) {
    const { place } = openSandboxes(io);
    const name = sandboxMeant(place, invocation.argument(0) ?? "");
    const role = invocation.required("role");
    const timeout = secondsOf(invocation.text("timeout"));
    let sandbox = await standing(place, name, io.signal);
    const giveUp = timeout === undefined ? undefined : Date.now() + timeout * 1000;
    io.err.write(`waiting for ${role}: ${reviewUrl(doorOfPlace(place), name)}\n`);
    for (;;) {
      const revision = revisionOf(sandbox);
      const decided = standingOf(await decisionsOf(place, name, io.signal), role, revision);
      const over = giveUp !== undefined && Date.now() >= giveUp;
      const ended = sandbox.expiresAt.getTime() <= Date.now();
      if (decided.state !== "waiting" || over || ended) {
        const result = decided.state === "waiting" ? (over ? "timeout" : "ended") : decided.state;
        await settleDoors(place, io, [name]);
        answer(io, invocation.flag("json"), { name, role, result, revision, ...wordsOf(decided) }, () =>
          textOf(name, role, result, decided),
        );
        return result === "approved" ? EXIT.done : EXIT.refused;
      }
      await sleep(EVERY_MS, undefined, { signal: io.signal });
      const seen = await sandboxSeen(place.kube, name, io.signal);
      if (!seen) {
        await settleDoors(place, io, [name]);
        const gone = { name, role, result: "gone", revision, ...wordsOf(decided) };
        answer(io, invocation.flag("json"), gone, () => `${name} is gone, and ${role} has not decided on it`);
        return EXIT.refused;
      }
      sandbox = seen;
    }
  },
};

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new UsageError(`--timeout: got "${text}"; allowed is a time such as 30m or 2h`);
}

const wordsOf = ({ reviews, outdated }: Standing) => ({
  reviews: reviews.map(({ who, verdict, comment, at }) => ({ who, verdict, comment, at })),
  outdated,
});

function textOf(name: string, role: string, result: string, { reviews, outdated }: Standing): string {
  const said = reviews.map(lineOf);
  const old = outdated > 0 ? [`${outdated} earlier decisions were on what ${name} was before, and do not count`] : [];
  switch (result) {
    case "approved":
      return [...said, `${name} is approved by ${role}`].join("\n");
    case "rejected":
      return [...said, `${name} is rejected by ${role}`].join("\n");
    case "timeout":
      return [...old, `${role} has not decided on ${name} in that time`].join("\n");
    default:
      return [...old, `${name} has ended, and ${role} has not decided on it`].join("\n");
  }
}

const lineOf = ({ who, verdict, at, comment }: Review): string =>
  `${at}  ${who} ${verdict}${comment === "" ? "" : `: ${comment.replace(/\s+/g, " ")}`}`;
