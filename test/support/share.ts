import { execFileSync } from "node:child_process";
import { projectRoot } from "../../platform/home";

/** Set, a run takes every case. */
export const TAKE_ALL = "HMS_TEST_ALL";

/**
 * Some of many slow cases that are alike, spread over all of them, and others with another commit: the same commit always
 * has the same ones. `npm test -- --all` takes all.
 *
 * @param seed any number that is not negative; by default the commit's.
 */
export function share<T>(cases: readonly T[], count: number, seed: number = ofCommit()): readonly T[] {
  if (process.env[TAKE_ALL] === "1" || count >= cases.length) return cases;
  const first = seed % cases.length;
  const taken = new Set(
    Array.from({ length: count }, (_, turn) => (first + Math.floor((turn * cases.length) / count)) % cases.length),
  );
  return cases.filter((_, index) => taken.has(index));
}

function ofCommit(): number {
  try {
    const commit = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: projectRoot(),
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number.parseInt(commit.toString("utf8").slice(0, 8), 16);
  } catch {
    // Not a clone: sources that were handed over.
    return 0;
  }
}
