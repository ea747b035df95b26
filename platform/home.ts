import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { RefusedError } from "./errors";

type Env = Readonly<Record<string, string | undefined>>;

/** Name of the file that marks a folder as ours, so that a purge can never remove somebody else's. */
const MARKER = ".hms-home";

/** Folder that holds everything this program keeps on a machine. */
export function hmsHome(env: Env = process.env): string {
  const chosen = env.HMS_HOME;
  return chosen === undefined || chosen === "" ? path.join(os.homedir(), ".hms") : path.resolve(chosen);
}

/** Makes the home folder if need be, and marks it. An existing folder with other contents is refused. */
export function claimHome(home: string): void {
  const marker = path.join(home, MARKER);
  if (fs.existsSync(marker)) return;
  fs.mkdirSync(home, { recursive: true, mode: 0o700 });
  const others = fs.readdirSync(home).filter((name) => !["node", "bin", "state", "pulumi"].includes(name));
  if (others.length > 0)
    throw new RefusedError(
      `HMS_HOME ${home} is not empty and not ours (it holds ${others[0] ?? ""}); name an empty or new folder`,
    );
  fs.writeFileSync(marker, "Everything in this folder belongs to HMS delivery; `hms local down --purge` removes it.\n");
}

/** Whether a purge may remove this folder. */
export function isOurHome(home: string): boolean {
  return fs.existsSync(path.join(home, MARKER));
}

/** Root of the checked-out project, from wherever this code runs (a bundle in dist/ or the sources). */
export function projectRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, "package-lock.json")) && fs.existsSync(path.join(folder, "bin", "launch.cjs")))
      return folder;
    if (path.dirname(folder) === folder) throw new Error(`no project folder above ${from}`);
  }
}
