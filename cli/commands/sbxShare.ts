import { parseInstant } from "../../core/freeze/instant";
import { grantText, LEVELS, NAME, type Grant } from "../../core/sharing/grant";
import { sandboxOfHost } from "../../core/sharing/names";
import { revisionOf } from "../../core/sharing/review";
import type { SandboxIdentity } from "../../core/sandbox/identity";
import { RefusedError } from "../../platform/errors";
import { grant, grantsOf, revoke, revokeAll } from "../../provider/sharing/grants";
import { addRecords } from "../../provider/sharing/records";
import { sandboxSeen } from "../../provider/sharing/sandboxes";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { askForSandboxes } from "../permission";
import { nameOf, urlOf, type SandboxPlace } from "../sandbox/place";
import { doorOfPlace, ensureReviewGate } from "../sandbox/reviewGate";
import { openSandboxes, person, tell } from "../sandbox/session";
import { settleDoors } from "../sandbox/settle";

/** `hms-sbx share`: who may open a sandbox besides whoever made it; the address alone opens nothing. */
export const sbxShare: Command = {
  name: "share",
  summary: "Lets people open a sandbox, until a time; --revoke takes that back.",
  arguments: [{ syntax: "<sandbox>", description: "its name or its address" }],
  options: [
    { flags: "--role <group>", description: "group that the identity provider must name; they decide in its name" },
    {
      flags: "--to <names>",
      description: "users, and groups as group:<name>, with commas; default is all with the role",
    },
    { flags: "--as <level>", description: `what they may do: ${LEVELS.join(", ")}`, default: "view" },
    { flags: "--until <time>", description: "for example 2026-11-22T18:00Z; default is the sandbox's end" },
    { flags: "--revoke <ids>", description: "takes these back, with commas, or all; needs no --role" },
    { flags: "--list", description: "shows what is granted" },
    JSON_OPTION,
  ],
  examples: [
    "hms-sbx share sbx-42 --role PolicyAnalyst                     # everybody with that role may look",
    "hms-sbx share http://sbx-42.sandbox.localhost:8080 --role PolicyAnalyst --to ana,group:agency:water --as try",
    "hms-sbx share sbx-42 --list",
    "hms-sbx share sbx-42 --revoke all",
  ],
  async run(invocation, io) {
    const session = openSandboxes(io);
    const { place } = session;
    const name = sandboxMeant(place, invocation.argument(0) ?? "");
    const ids = invocation.text("revoke");
    const json = invocation.flag("json");
    if (invocation.flag("list")) {
      const grants = await grantsOf(place, name, io.signal);
      answer(io, json, { name, grants }, () => listText(name, grants));
      return;
    }
    await askForSandboxes("sandbox-share", place, [name], io);
    if (ids !== undefined) {
      await takeBack(place, name, ids, io, json);
      await settleDoors(place, io, [name]);
      return;
    }
    const wish = wishOf(invocation);
    const sandbox = await standing(place, name, io.signal);
    if (!place.common.review)
      throw new RefusedError(
        "sandboxes.yaml says review: false, so nobody is asked who they are and there is nothing to share; write review: true",
      );
    await ensureReviewGate(place, io);
    const made = await grant(place, sandbox, { ...wish, by: person(io.env) });
    await noted(place, sandbox, "shared", made, io);
    await tell(session, "shared", name, { as: made.as, role: made.role, until: made.until });
    await settleDoors(place, io, [name]);
    const url = urlOf(place, name);
    answer(io, json, { name, url, grant: made }, () => `${grantText(made)} (${made.id})\n${url}`);
  },
};

/** A name, or the address that somebody was given. @throws UsageError */
export function sandboxMeant(place: Pick<SandboxPlace, "common">, given: string): string {
  if (!URL.canParse(given) || !/^https?:/.test(given)) return nameOf(given);
  const found = sandboxOfHost(doorOfPlace(place), new URL(given).hostname);
  if (found !== undefined) return found;
  throw new UsageError(
    `got "${given}", which is no sandbox's address; allowed are addresses such as ${urlOf(place, "sbx-42")}, or a name (hms-sbx list)`,
  );
}

/** @throws RefusedError where there is none. */
export async function standing({ kube }: SandboxPlace, name: string, signal: AbortSignal): Promise<SandboxIdentity> {
  const sandbox = await sandboxSeen(kube, name, signal);
  if (sandbox) return sandbox;
  throw new RefusedError(`there is no sandbox ${name}; hms-sbx list shows those that there are`);
}

/** What the words ask for. @throws UsageError */
export function wishOf(invocation: Invocation): Pick<Grant, "to" | "as" | "role"> & { readonly until?: Date } {
  const role = known(invocation.required("role"), "role");
  const as = LEVELS.find((level) => level === invocation.required("as"));
  if (!as)
    throw new UsageError(
      `--as: got "${invocation.required("as")}"; allowed is one of ${LEVELS.join(", ")}; view lets look only`,
    );
  const names = listOf(invocation.text("to"));
  const isGroup = (one: string) => one.startsWith(GROUP);
  const to = {
    users: names.filter((one) => !isGroup(one)).map((user) => known(user, "to")),
    groups: names.filter(isGroup).map((group) => known(group.slice(GROUP.length), "to")),
  };
  const text = invocation.text("until");
  const until = text === undefined ? undefined : parseInstant(text);
  if (text !== undefined && !until)
    throw new UsageError(`--until: got "${text}"; allowed is an instant with its offset such as 2026-11-22T18:00Z`);
  return { to, as, role, ...(until === undefined ? {} : { until }) };
}
const GROUP = "group:";

function known(name: string, option: string): string {
  if (name.length <= (NAME.longest ?? Infinity) && NAME.pattern.test(name)) return name;
  throw new UsageError(`--${option}: got "${name}"; allowed is a name of ${NAME.allowed}; ${NAME.advice}`);
}

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

async function takeBack(place: SandboxPlace, name: string, ids: string, io: Io, json: boolean): Promise<void> {
  // What cannot be read any more is taken back all the same.
  const before = ids === "all" ? await grantsOf(place, name, io.signal).catch(() => []) : [];
  const taken = ids === "all" ? before : await revoke(place, name, listOf(ids));
  if (ids === "all") await revokeAll(place.kube, name, io.signal);
  const sandbox = await sandboxSeen(place.kube, name, io.signal).catch(() => undefined);
  if (sandbox) for (const one of taken) await noted(place, sandbox, "revoked", one, io);
  answer(io, json, { name, revoked: taken.map(({ id }) => id) }, () =>
    taken.length === 0
      ? `nothing was granted of ${name}`
      : taken.map((one) => `taken back: ${grantText(one)}`).join("\n"),
  );
}

async function noted(place: SandboxPlace, sandbox: SandboxIdentity, kind: "shared" | "revoked", made: Grant, io: Io) {
  const { name, owner, snapshot } = sandbox;
  const at = new Date().toISOString();
  const what = `${made.id}: ${grantText(made)}`;
  const about = { at, owner, snapshot, revision: revisionOf(sandbox), roles: [made.role] };
  await addRecords(place, name, [{ ...about, kind, who: person(io.env), what }], io.signal);
}

const listText = (name: string, grants: readonly Grant[]): string =>
  grants.length === 0
    ? `nothing is granted of ${name}; nobody may open it`
    : grants
        .map((one) => `${one.id}  ${grantText(one)}${new Date(one.until) <= new Date() ? " (over)" : ""}`)
        .join("\n");
