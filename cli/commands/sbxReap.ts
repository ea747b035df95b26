import { RefusedError } from "../../platform/errors";
import { reap, type Reaped } from "../../provider/sandbox/reap";
import { answer, JSON_OPTION, type Command } from "../command";
import { askForSandboxes, SANDBOXES } from "../permission";
import { forgetGone } from "../sandbox/forgetGone";
import { ensureReaper } from "../sandbox/reaper";
import { settleDoors } from "../sandbox/settle";
import { openSandboxes, tell } from "../sandbox/session";

/** `hms-sbx reap`: what the reaper in the cluster does every ten minutes, and the engine's records besides. */
export const sbxReap: Command = {
  name: "reap",
  summary: "Takes away sandboxes whose lease is over, what is left of others, and records of what is gone.",
  options: [
    { flags: "--dry-run", description: "says what would go; takes nothing away" },
    { flags: "--install", description: "installs the reaper in the cluster, or brings it to this version" },
    JSON_OPTION,
  ],
  examples: ["hms-sbx reap --dry-run", "hms-sbx reap", "hms-sbx reap --install   # every ten minutes from now on"],
  async run(invocation, io) {
    const session = openSandboxes(io);
    const { place, engine, removers } = session;
    const dryRun = invocation.flag("dryRun");
    const install = invocation.flag("install");
    if (install || !dryRun) await askForSandboxes("sandbox-reap", place, [SANDBOXES], io);
    if (install) {
      await ensureReaper(place, io, true);
      answer(io, invocation.flag("json"), { installed: true }, () => "the reaper is in the cluster");
      return;
    }
    const { limits } = place.common;
    const options = { ...removers, limits, now: new Date(), signal: io.signal, progress: engine.onLine, dryRun };
    const sandboxes = await reap(place.kube, options);
    for (const { name, why } of sandboxes.filter(({ result }) => result === "gone"))
      await tell(session, "destroyed", name, { why });
    const forgotten = dryRun ? [] : await forgetGone(session);
    if (!dryRun) await settleDoors(place, io);
    const document = { dryRun, sandboxes, forgotten };
    answer(io, invocation.flag("json"), document, () => textOf(sandboxes, forgotten, dryRun));
    const failed = sandboxes.filter(({ result }) => result === "failed");
    if (failed.length > 0) throw new RefusedError(`${failed.map(({ name }) => name).join(", ")}: not gone; see above`);
  },
};

function textOf(sandboxes: readonly Reaped[], forgotten: readonly string[], dryRun: boolean): string {
  const lines = [
    ...sandboxes.map(
      ({ name, why, result, reason }) => `${name}: ${result} (${why})${reason === null ? "" : `: ${reason}`}`,
    ),
    ...forgotten.map((name) => `${name}: its record is removed; nothing of it stood any more`),
  ];
  if (lines.length === 0) return dryRun ? "nothing would be reaped" : "nothing to reap";
  return [...lines, ...(dryRun ? ["(--dry-run)"] : [])].join("\n");
}
