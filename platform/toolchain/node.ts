import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { exec } from "../exec";
import { withLock } from "../lock";
import type { ToolchainContext } from "./install";
import { launcher } from "./launcher";

/**
 * The pinned Node.js, for images: where the launcher keeps it, installed now if this machine's own was good enough for
 * the launcher. @returns the path of its program.
 */
export async function ensurePinnedNode({ home, progress, signal }: ToolchainContext): Promise<string> {
  const version = launcher().NODE_VERSION;
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = path.join(home, "node", version);
  const program = path.join(prefix, "node_modules", name, "bin", "node");
  if (fs.existsSync(program)) return program;
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is installing Node.js; waiting for it`);
  };
  await withLock(`node:${home}`, waiting, signal, async () => {
    if (fs.existsSync(program)) return;
    // Into a folder of this process, then renamed: nobody sees half of it.
    const fresh = `${prefix}.${process.pid}`;
    fs.mkdirSync(fresh, { recursive: true });
    try {
      const options = ["--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
      await progress.during(`fetch Node.js ${version}`, () =>
        exec("npm", ["install", ...options, `${name}@${version}`], { cwd: fresh, signal }),
      );
      if (!fs.existsSync(path.join(fresh, "node_modules", name, "bin", "node")))
        throw new RefusedError(`npm's package ${name}@${version} holds no Node.js for this machine`);
      fs.rmSync(prefix, { recursive: true, force: true });
      fs.renameSync(fresh, prefix);
    } finally {
      fs.rmSync(fresh, { recursive: true, force: true });
    }
  });
  return program;
}
