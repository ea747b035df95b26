import * as fs from "node:fs";
import { RefusedError } from "../errors";
import { exec, tryExec } from "../exec";
import { withLock } from "../lock";
import type { ToolchainContext } from "./install";
import { DEBIAN_PACKAGES, type DebianPackage } from "./tools";

const POLICY = "/usr/sbin/policy-rc.d";
const NO_CLUSTER = "/etc/postgresql-common/createcluster.d/hms.conf";

/** Packages of the table whose programs are not on this machine. */
export function missingPackages(
  packages: readonly DebianPackage[] = DEBIAN_PACKAGES,
  exists: (file: string) => boolean = fs.existsSync,
): string[] {
  return packages.filter((pkg) => !pkg.anyOf.some(exists)).map((pkg) => pkg.name);
}

/**
 * Installs the Debian packages whose programs are missing. Their services neither start now nor at the next boot, and
 * PostgreSQL's package makes no cluster: we run our own instances. Packages already installed are left as they are.
 */
export async function ensureDebianPackages(
  context: ToolchainContext,
  packages: readonly DebianPackage[] = DEBIAN_PACKAGES,
): Promise<void> {
  if (missingPackages(packages).length === 0) return;
  const { progress, signal } = context;
  await withLock(
    "debian-packages",
    (holder) => {
      progress.line(`… ${holder} is installing packages; waiting for it`);
    },
    signal,
    async () => {
      const missing = missingPackages(packages);
      if (missing.length === 0) return;
      const command = `apt-get install --no-install-recommends ${missing.join(" ")}`;
      if (!fs.existsSync("/usr/bin/apt-get"))
        throw new RefusedError(
          `these Debian packages are needed, and this machine has no apt-get: ${missing.join(", ")}. ` +
            `Install their equals, or set hms:kubeContext to a cluster that runs already.`,
        );
      if (process.getuid?.() !== 0)
        throw new RefusedError(
          `packages are missing and only root may install them. Run as root: apt-get update && ${command}`,
        );
      const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
      await progress.during("apt-get update", () => exec("apt-get", ["update", "-q"], { env, signal }));
      await withoutServices(async () => {
        await progress.during(`apt-get install ${missing.join(" ")}`, () =>
          exec("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], { env, signal }),
        );
      });
      await disableServicesOf(missing);
    },
  );
}

/** Keeps package scripts from starting services while `body` runs, and leaves the machine's own policy as it was. */
async function withoutServices(body: () => Promise<void>): Promise<void> {
  const made = [
    makeUnlessThere(POLICY, "#!/bin/sh\nexit 101\n", 0o755),
    makeUnlessThere(NO_CLUSTER, "create_main_cluster = false\n", 0o644),
  ];
  try {
    await body();
  } finally {
    for (const file of made) if (file !== undefined) fs.rmSync(file, { force: true });
  }
}

function makeUnlessThere(file: string, text: string, mode: number): string | undefined {
  if (fs.existsSync(file)) return undefined;
  fs.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  fs.writeFileSync(file, text, { mode });
  return file;
}

/** Takes the units that just came with these packages out of the boot; a unit that was there before is not among them. */
async function disableServicesOf(packages: readonly string[]): Promise<void> {
  if (!fs.existsSync("/usr/bin/systemctl") && !fs.existsSync("/bin/systemctl")) return;
  const listed = await tryExec("dpkg-query", ["--listfiles", ...packages]);
  const units = listed.stdout
    .split("\n")
    .filter((file) => /\/systemd\/system\/[^/@]+\.(service|socket|timer)$/.test(file))
    .map((file) => file.slice(file.lastIndexOf("/") + 1));
  if (units.length > 0) await tryExec("systemctl", ["disable", ...units]);
}
