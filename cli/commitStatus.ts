import { forgeOf } from "../core/commitStatus/forge";
import { CancelledError, reasonOf } from "../platform/errors";
import { postStatus } from "../provider/commitStatus/post";
import { EXIT, UsageError, type Command } from "./command";

const COMMIT_STATUS = {
  flags: "--commit-status",
  description: "say at GitHub or GitLab, beside the commit, how it ended",
};

/**
 * The same command with `--commit-status`: the commit is pending while it runs, and then a success only if it did its
 * work. A forge that cannot be told stops it before it begins; at the end it is warned of.
 * @param context names the check at the forge.
 */
export const withCommitStatus = (command: Command, context: string): Command => ({
  ...command,
  options: [...(command.options ?? []), COMMIT_STATUS],
  async run(invocation, io) {
    if (!invocation.flag("commitStatus")) return (await command.run(invocation, io)) ?? EXIT.done;
    const found = forgeOf(io.env);
    if (!found.ok) throw new UsageError(`--commit-status: ${found.problem}`);
    await postStatus(found.forge, { state: "pending", context, description: "running" }, io.signal);
    // Also told when it was stopped, so by no signal of the command's.
    const tell = (state: "success" | "failure", description: string) =>
      postStatus(found.forge, { state, context, description }).catch((error: unknown) => {
        io.err.write(`${reasonOf(error)}\n`);
      });
    let code: number;
    try {
      code = (await command.run(invocation, io)) ?? EXIT.done;
    } catch (error) {
      await tell("failure", error instanceof CancelledError || io.signal.aborted ? "cancelled" : reasonOf(error));
      throw error;
    }
    await tell(code === EXIT.done ? "success" : "failure", code === EXIT.done ? "done" : `refused (exit ${code})`);
    return code;
  },
});
