import { exec, tryExec } from "../exec";
import { TABLE } from "./render";

const TIMEOUT_MS = 10_000;

/** Our table in the kernel's packet filter, by the `nft` program. Nothing but that one table is touched. */
export class Nft {
  /** @param prefix words before `nft`, such as those that enter another network namespace. */
  constructor(private readonly prefix: readonly string[] = []) {}

  /** Runs a script, all of it or nothing. @throws RefusedError with the kernel's reason. */
  async apply(script: string): Promise<void> {
    const [command, ...args] = this.words("-f", "-");
    await exec(command, args, { input: script, timeoutMs: TIMEOUT_MS });
  }

  async isThere(): Promise<boolean> {
    const [command, ...args] = this.words("list", "tables", "inet");
    const tables = await exec(command, args, { timeoutMs: TIMEOUT_MS });
    return tables.split("\n").includes(`table inet ${TABLE}`);
  }

  /** Takes the table away; no error where there is none, nor where there is no `nft`. */
  async remove(): Promise<void> {
    const [command, ...args] = this.words("delete", "table", "inet", TABLE);
    await tryExec(command, args, { timeoutMs: TIMEOUT_MS });
  }

  private words(...args: readonly string[]): readonly [string, ...string[]] {
    const [command = "nft", ...rest] = [...this.prefix, "nft", ...args];
    return [command, ...rest];
  }
}
