import * as fs from "node:fs";
import * as path from "node:path";
import { verdictSchema, type Verdict } from "../core/policy/verdict";
import { sha256 } from "../core/sha256";
import { hmsHome } from "./home";

/**
 * Verdicts of a policy pack, from its process to the provider's: both were started by the same engine, and have nothing
 * but the machine in common. A file each, named by engine and resource; of use only while that engine runs.
 */
export const verdictFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  path.join(hmsHome(env), "run", "verdicts");

type Place = Pick<Verdict, "run" | "urn">;

const fileOf = (folder: string, { run, urn }: Place): string =>
  path.join(folder, `${run.pid}-${sha256(`${run.address} ${urn}`).slice(0, 32)}.json`);

/** Leaves a verdict for whoever asks for that resource in that run; an earlier one of both is replaced. */
export function leaveVerdict(folder: string, verdict: Verdict): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = fileOf(folder, verdict);
  fs.writeFileSync(`${file}.new`, JSON.stringify(verdict), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** The verdict on a resource in this run; `undefined` when there is none, or none that can be read. */
export function readVerdict(folder: string, place: Place): Verdict | undefined {
  try {
    return verdictSchema.parse(JSON.parse(fs.readFileSync(fileOf(folder, place), "utf8")));
  } catch {
    return undefined;
  }
}

/** Removes what runs that have ended left behind. */
export function forgetEnded(folder: string): void {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const [, pid] = /^(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && hasEnded(Number(pid))) fs.rmSync(path.join(folder, name), { force: true });
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
