import * as fs from "node:fs";
import * as path from "node:path";
import { withLock } from "../lock";
import { unpackDebianPackages } from "./debianFiles";
import type { ToolchainContext } from "./install";

/** A program that only somebody who asks for it needs: a Debian package, unpacked into our own folder when it is used. */
export interface DebianTool {
  readonly name: string;
  /** Where the package has its program. */
  readonly program: string;
}

/** Sends alerts to `hms freeze serve`, as it does on a cluster. */
export const ALERTMANAGER: DebianTool = {
  name: "prometheus-alertmanager",
  program: "usr/bin/prometheus-alertmanager",
};

/** A broker, for the tests of events. */
export const NATS_SERVER: DebianTool = { name: "nats-server", program: "usr/sbin/nats-server" };

/**
 * The words that start the program; the package is fetched if it is not there. Needs no root, and no script of the package
 * is run. The program finds its package's /usr/share where it looks for it, by a mount that it alone sees.
 */
export async function ensureDebianTool(
  { name, program }: DebianTool,
  context: ToolchainContext,
): Promise<readonly [command: string, ...args: string[]]> {
  const { home, progress, signal } = context;
  const root = path.join(home, "debian", name);
  const file = path.join(root, program);
  const script = 'mount --bind "$1" /usr/share && shift && exec "$@"';
  const own = ["--user", "--map-root-user", "--mount", "--propagation", "slave"];
  const command = ["unshare", ...own, "sh", "-c", script, "sh", path.join(root, "usr", "share"), file] as const;
  if (fs.existsSync(file)) return command;
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is fetching ${name}; waiting for it`);
  };
  await withLock(`debian-tool:${root}`, waiting, signal, async () => {
    if (fs.existsSync(file)) return;
    const fresh = `${root}.new`;
    fs.rmSync(fresh, { recursive: true, force: true });
    fs.mkdirSync(fresh, { recursive: true });
    await progress.during(`fetch ${name}`, (step) => unpackDebianPackages([name], fresh, step, context));
    fs.renameSync(fresh, root);
  });
  return command;
}
