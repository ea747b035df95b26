import { answer, JSON_OPTION, UsageError, type Command } from "../command";
import { extend } from "../sandbox/extend";
import { askForSandboxes } from "../permission";
import { nameOf } from "../sandbox/place";
import { openSandboxes, tell } from "../sandbox/session";

/** `hms-sbx extend`: a new lease; nothing else makes a sandbox stand longer. */
export const sbxExtend: Command = {
  name: "extend",
  summary: "Gives a sandbox a new lease from now on, up to the most that one may stand in all.",
  arguments: [{ syntax: "<name>", description: "the sandbox" }],
  options: [{ flags: "--ttl <time>", description: "how long it is to stand from now on, for example 8h" }, JSON_OPTION],
  examples: ["hms-sbx extend sbx-42 --ttl 8h"],
  async run(invocation, io) {
    const given = invocation.argument(0);
    if (given === undefined) throw new UsageError("name the sandbox to extend");
    const session = openSandboxes(io);
    await askForSandboxes("sandbox-extend", session.place, [nameOf(given)], io);
    const { name, owner, createdAt, expiresAt } = await extend(
      session.place,
      nameOf(given),
      invocation.required("ttl"),
      io.signal,
    );
    await tell(session, "extended", name, { expiresAt: expiresAt.toISOString() });
    const document = { name, owner, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() };
    answer(io, invocation.flag("json"), document, () => `${name} stands until ${document.expiresAt}`);
  },
};
