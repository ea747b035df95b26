import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The settings of a repository and of its user decide nothing: whoever made the commit may have made them. */
const SETTINGS = [
  ...["core.fsmonitor=false", "core.useReplaceRefs=false", "gpg.program=gpg", "gpg.openpgp.program=gpg"],
  ...["gpg.x509.program=false", "gpg.ssh.program=ssh-keygen", "gpg.ssh.revocationFile=", "gpg.minTrustLevel=undefined"],
].flatMap((setting) => ["-c", setting]);

const MOST_BYTES = 256 * 1024 * 1024;

/** git in one folder, as the machine has it. */
export class Git {
  constructor(
    private readonly folder: string,
    private readonly signal?: AbortSignal,
    private readonly extra: NodeJS.ProcessEnv = {},
  ) {}

  with(env: NodeJS.ProcessEnv): Git {
    return new Git(this.folder, this.signal, { ...this.extra, ...env });
  }

  /** What it prints. @throws Error with what git said */
  async ask(...args: readonly string[]): Promise<string> {
    return (await this.run(args)).stdout;
  }

  /** What it prints and says, whether it agrees or not. @throws Error only when there is no git. */
  async judge(...args: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }> {
    try {
      const { stdout, stderr } = await this.run(args);
      return { ok: true, said: `${stdout}${stderr}` };
    } catch (error) {
      if (!(error instanceof Error && "stderr" in error && "code" in error && typeof error.code === "number"))
        throw error;
      return { ok: false, said: String(error.stderr) };
    }
  }

  /** Gives the signature checks of this object OpenPGP keys; `GNUPGHOME` must be one of its own. */
  async importKeys(file: string): Promise<void> {
    await run("gpg", ["--batch", "--quiet", "--no-autostart", "--import", file], {
      env: { ...process.env, ...this.extra },
    });
  }

  private run(args: readonly string[]) {
    // A variable of git's would lead it elsewhere than to this folder.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
    const env = {
      ...Object.fromEntries(own),
      ...{ GIT_OPTIONAL_LOCKS: "0", GIT_NO_REPLACE_OBJECTS: "1", GIT_GRAFT_FILE: "/dev/null", LC_ALL: "C" },
      ...this.extra,
    };
    const cancel = this.signal === undefined ? {} : { signal: this.signal };
    return run("git", [...SETTINGS, "-C", this.folder, ...args], { env, maxBuffer: MOST_BYTES, ...cancel });
  }
}
