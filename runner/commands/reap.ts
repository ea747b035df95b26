import { UsageError, type Command } from "../../cli/command";
import { LEASE_LIMITS } from "../../core/sandbox/lease";
import { parseDuration } from "../../core/service/duration";
import { RefusedError } from "../../platform/errors";
import { databasesOn } from "../../provider/sandbox/databases";
import { reap as sweep } from "../../provider/sandbox/reap";
import { SANDBOX_SERVER } from "../../provider/sandbox/server";
import { revokeAll } from "../../provider/sharing/grants";
import { Session } from "../../provider/session";
import { tellDestroyed } from "../../provider/sandbox/tell";
import { Log } from "../log";

/** One sweep of the reaper, inside the cluster; needs the rights of the account hms-reaper. */
export const reap: Command = {
  name: "reap",
  summary: "Takes away sandboxes whose lease is over, and what is left of others.",
  options: [
    {
      flags: "--server <namespace/secret>",
      description: "how to administer the sandboxes' server",
      default: SANDBOX_SERVER,
    },
    { flags: "--longest <time>", description: "longest lease, for what has none that can be read", default: "24h" },
    { flags: "--in-all <time>", description: "oldest that any sandbox gets", default: "72h" },
  ],
  examples: ["runner reap --longest 24h --in-all 72h"],
  async run(invocation, io) {
    const seconds = (option: string) => {
      const read = parseDuration(invocation.required(option));
      if (read !== undefined && read > 0) return read;
      throw new UsageError(`--${option}: got "${invocation.required(option)}"; allowed is a time such as 24h`);
    };
    const limits = { ...LEASE_LIMITS, maxTtl: seconds("longest"), maxAge: seconds("inAll") };
    const log = new Log(io.out);
    const { kube } = new Session(undefined);
    const progress = (message: string) => {
      if (message.startsWith("ALERT ")) log.error(message);
      else log.info(message);
    };
    const databases = databasesOn(kube, invocation.required("server"), true);
    const revoke = (sandbox: string) => revokeAll(kube, sandbox, io.signal);
    const done = await sweep(kube, { databases, revoke, limits, now: new Date(), signal: io.signal, progress });
    for (const one of done) {
      log.info(`${one.name}: ${one.result}`, { ...one });
      if (one.result === "gone") await tellDestroyed(kube, one.name, one.why, progress);
    }
    const failed = done.filter(({ result }) => result === "failed");
    // A line that a collector can count, whatever became of it.
    log.info("swept", { gone: done.filter(({ result }) => result === "gone").length, failed: failed.length });
    if (failed.length > 0)
      throw new RefusedError(failed.map(({ name, reason }) => `${name}: ${reason ?? ""}`).join("; "));
  },
};
