import * as fs from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../home";

/** What of bin/launch.cjs programs use: it runs before anything is bundled, so it is plain JavaScript. */
interface Launcher {
  /** Node.js that the launcher installs where PATH has none that is supported. */
  readonly NODE_VERSION: string;
  /** Makes a bundle in dist/ current; false if its source does not exist. Ends the process if it does not build. */
  ensureBundle(name: string): boolean;
}

export function launcher(): Launcher {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- known only at run time
  return require(path.join(projectRoot(), "bin", "launch.cjs")) as Launcher;
}

/** The file of a bundle, made current. */
export function currentBundle(name: string): string {
  if (!launcher().ensureBundle(name)) throw new Error(`bin/launch.cjs has no sources for the bundle ${name}`);
  return path.join(projectRoot(), "dist", `${name}.cjs`);
}

/** The file of a bundle that a program starts itself: in an image beside the program, in a checkout made current. */
export function bundleFile(name: string): string {
  const beside = path.join(__dirname, `${name}.cjs`);
  return fs.existsSync(beside) && path.basename(__dirname) !== "dist" ? beside : currentBundle(name);
}
