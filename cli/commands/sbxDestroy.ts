import { parseDuration } from "../../core/service/duration";
import { reasonOf } from "../../platform/errors";
import { answer, EXIT, JSON_OPTION, UsageError, type Command, type Invocation } from "../command";
import { destroy, type DestroyedSandbox } from "../sandbox/destroy";
import { listSandboxes, listText, type ListedSandbox } from "../sandbox/list";
import { askForSandboxes, SANDBOXES } from "../permission";
import { nameOf } from "../sandbox/place";
import { settleDoors } from "../sandbox/settle";
import { openSandboxes, tell, type SandboxSession } from "../sandbox/session";

/** How many go at a time. */
const AT_ONCE = 4;

/** `hms-sbx destroy`: by name or by age; needs nothing but the name. */
export const sbxDestroy: Command = {
  name: "destroy",
  summary: "Takes sandboxes away, whoever made them and whatever is left of them. An unknown name is no error.",
  arguments: [{ syntax: "[name...]", description: "sandboxes to take away" }],
  options: [
    {
      flags: "--all-older-than <age>",
      description: "all that were made longer ago, for example 24h; with --all-older-than 0s all",
    },
    { flags: "--patience <time>", description: "how long a namespace may take to go", default: "60s" },
    { flags: "--dry-run", description: "says what would go; takes nothing away" },
    JSON_OPTION,
  ],
  examples: [
    "hms-sbx destroy sbx-42",
    "hms-sbx destroy --all-older-than 24h --dry-run",
    "hms-sbx destroy sbx-42 sbx-43 --json   # 0 gone, or never there; 1 something of it could not be taken away",
  ],
  async run(invocation, io) {
    const session = openSandboxes(io);
    const names = invocation.arguments.map(nameOf);
    const patience = invocation.required("patience");
    const patienceMs = (parseDuration(patience) ?? 0) * 1000;
    if (patienceMs === 0) throw new UsageError(`--patience: got "${patience}"; allowed is a time such as 60s`);
    const byAge = invocation.text("allOlderThan") !== undefined;
    const dryRun = invocation.flag("dryRun");
    // By age it may be any of them, so that a right to some by name is not enough.
    if (byAge && !dryRun) await askForSandboxes("sandbox-destroy", session.place, [SANDBOXES], io);
    const { chosen, listed } = await choose(session, names, invocation);
    if (dryRun) {
      const seen = listed ?? (await list(session));
      const would = seen.filter(({ name }) => chosen.includes(name));
      answer(io, invocation.flag("json"), { dryRun: true, sandboxes: would }, () =>
        [would.length === 0 ? "nothing would be destroyed" : listText(would, new Date()), "(--dry-run)"].join("\n"),
      );
      return EXIT.done;
    }
    if (!byAge) await askForSandboxes("sandbox-destroy", session.place, chosen, io);
    return destroyAll({ ...session, removers: { ...session.removers, patienceMs } }, chosen, invocation.flag("json"));
  },
};

const list = ({ place, removers, engine }: SandboxSession) => listSandboxes(place, removers.databases, engine);

async function choose(
  session: SandboxSession,
  names: readonly string[],
  invocation: Invocation,
): Promise<{ readonly chosen: readonly string[]; readonly listed?: readonly ListedSandbox[] }> {
  const text = invocation.text("allOlderThan");
  if (text === undefined) {
    if (names.length === 0) throw new UsageError("name the sandboxes to destroy, or say --all-older-than <age>");
    return { chosen: [...new Set(names)] };
  }
  const age = parseDuration(text);
  if (names.length > 0) throw new UsageError("either names or --all-older-than, not both");
  if (age === undefined) throw new UsageError(`--all-older-than: got "${text}"; allowed is an age such as 24h or 30m`);
  const listed = await list(session);
  const before = Date.now() - age * 1000;
  // What has no age is what an interrupted command left behind; --all-older-than is no reason to race with one.
  return {
    listed,
    chosen: listed.flatMap(({ name, createdAt }) =>
      createdAt !== null && Date.parse(createdAt) <= before ? [name] : [],
    ),
  };
}

type Outcome =
  | DestroyedSandbox
  | { readonly name: string; readonly result: "failed"; readonly reasons: readonly string[]; readonly seconds: number };

/** Each by itself: one that is stuck holds up no other. */
export async function destroyAll(session: SandboxSession, names: readonly string[], json: boolean): Promise<number> {
  const { place, removers, engine, io } = session;
  const waiting = [...names];
  const done: Outcome[] = [];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      io.signal.throwIfAborted();
      try {
        const one = await destroy(place, name, removers, engine);
        done.push(one);
        if (one.result === "destroyed") await tell(session, "destroyed", name, { seconds: one.seconds });
      } catch (error) {
        io.signal.throwIfAborted();
        done.push({ name, result: "failed", reasons: [reasonOf(error)], seconds: 0 });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await settleDoors(place, io, names);
  done.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  answer(io, json, { sandboxes: done }, () =>
    done.length === 0 ? "nothing to destroy" : done.map(outcomeText).join("\n"),
  );
  return done.every(({ result }) => result === "destroyed" || result === "unknown") ? EXIT.done : EXIT.refused;
}

function outcomeText({ name, result, reasons, seconds }: Outcome): string {
  const why = reasons.map((reason) => `\n  ${reason}`).join("");
  switch (result) {
    case "destroyed":
      return `${name} is gone (${seconds} s)`;
    case "unknown":
      return `${name}: there is no such sandbox; nothing to do`;
    case "stuck":
      return `${name}: nobody can enter it and its database is gone, but its namespace does not go:${why}\n  remove what holds it, then run again: hms-sbx destroy ${name}`;
    case "failed":
      return `${name}: ${reasons.join("; ")}`;
  }
}
