import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { problemText } from "../../core/service/problem";
import { readWaivers, type Waiver } from "../../core/scan/waiver";
import { RefusedError, reasonOf } from "../../platform/errors";
import { hmsHome } from "../../platform/home";
import { openSession } from "../../platform/plugins/docker/session";
import type { Progress } from "../../platform/progress";
import { ensureTools, whichOnPath } from "../../platform/toolchain/install";
import type { ScanContext } from "./scan";

/** The waivers of a file. @throws RefusedError with everything that is wrong with it */
export async function waiversIn(file: string): Promise<readonly Waiver[]> {
  let document: unknown;
  try {
    document = parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new RefusedError(`the waivers ${file} cannot be read: ${reasonOf(error)}`);
  }
  const read = readWaivers(document);
  if (read.ok) return read.value;
  throw new RefusedError(read.problems.map((problem) => `${file}: ${problemText(problem)}`).join("\n"));
}

/** Scans with this machine's Docker Engine, and with scanners that are made when they are first needed. */
export function scanContext(
  env: NodeJS.ProcessEnv,
  progress: Progress,
  note: (text: string) => void,
  signal: AbortSignal,
): ScanContext {
  return {
    docker: openSession({}, env),
    async tool(name) {
      const found = await ensureTools([name], { home: hmsHome(env), progress, signal });
      return found[name] ?? name;
    },
    installed: (name) => whichOnPath(name),
    note,
    env,
    signal,
  };
}
