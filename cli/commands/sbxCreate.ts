import { answer, JSON_OPTION, type Command } from "../command";
import { create, planCreate, planText } from "../sandbox/create";
import { askForSandboxes } from "../permission";
import { nameOf, newName, urlOf } from "../sandbox/place";
import { ensureReviewGate } from "../sandbox/reviewGate";
import { ensureReaper } from "../sandbox/reaper";
import { openForUpdate, person, tell } from "../sandbox/session";
import { SERVICE_OPTION } from "./status";

/** `hms-sbx create`: a sandbox with a clone of the newest scrubbed snapshot. */
export const sbxCreate: Command = {
  name: "create",
  summary: "Makes a sandbox: services, a clone of the scrubbed database, an address. Run again, it finishes.",
  options: [
    { ...SERVICE_OPTION, description: "service that --tag or --source is about; default is all that have it" },
    {
      flags: "--tag <tag>",
      description: "release to run: its label, an image's tag or a digest; default is the checkout's",
    },
    { flags: "--source <folder>", description: "checkout or folder of a service to build and run" },
    {
      flags: "--ttl <time>",
      description: "how long it stands, for example 8h; see sandboxes.yaml for default and longest",
    },
    { flags: "--owner <who>", description: "who answers for it; default is who runs this" },
    { flags: "--purpose <text>", description: "what it is for, shown to reviewers" },
    { flags: "--snapshot <id>", description: "scrubbed snapshot to clone; default is the newest" },
    { flags: "--name <name>", description: "its name, sbx-…; default is a new one" },
    { flags: "--dry-run", description: "says what would be made, and why it would be refused; makes nothing" },
    JSON_OPTION,
  ],
  examples: [
    "hms-sbx create                                   # this checkout, for as long as sandboxes.yaml says",
    "hms-sbx create --service drought-benefit --tag v4.2 --ttl 2h --purpose 'rates of 2027'",
    "hms-sbx create --source ../rates-2027 --name sbx-42 --json",
  ],
  async run(invocation, io) {
    const session = await openForUpdate(io);
    const { place, engine } = session;
    const given = invocation.text("name");
    const name = given === undefined ? newName() : nameOf(given);
    if (!invocation.flag("dryRun")) await askForSandboxes("sandbox-create", place, [name], io);
    const wish = {
      name,
      service: invocation.text("service"),
      tag: invocation.text("tag"),
      source: invocation.text("source"),
      ttl: invocation.text("ttl"),
      owner: invocation.text("owner"),
      purpose: invocation.text("purpose"),
      snapshot: invocation.text("snapshot"),
    };
    const newest = () => session.databases.newest(place.common.database.service);
    const plan = await planCreate(place, wish, person(io.env), newest, io.signal);
    const { identity } = plan;
    const says = () => planText(plan, urlOf(place, name));
    if (invocation.flag("dryRun")) {
      const document = {
        name,
        owner: identity.owner,
        expiresAt: identity.expiresAt.toISOString(),
        services: plan.services,
      };
      answer(
        io,
        invocation.flag("json"),
        { ...document, dryRun: true },
        () => `${says()}\nnothing was made (--dry-run)`,
      );
      return;
    }
    io.err.write(`${says()}\n`);
    if (await ensureReaper(place, io)) io.err.write("the reaper of sandboxes is in the cluster\n");
    await ensureReviewGate(place, io);
    const made = await create(place, plan, engine);
    if (!plan.goesOn)
      await tell(session, "created", name, { owner: made.owner, snapshot: made.snapshot, expiresAt: made.expiresAt });
    answer(
      io,
      invocation.flag("json"),
      made,
      () => `${made.name} of ${made.owner}, until ${made.expiresAt}\n${made.url}`,
    );
  },
};
