import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { controlText } from "../core/controls/baselines";
import type { Claim, Proof } from "../core/controls/claims";
import { RefusedError } from "../platform/errors";
import { exec, tryExec } from "../platform/exec";
import { projectRoot } from "../platform/home";
import type { Progress } from "../platform/progress";

/**
 * - `noticed`: the test passes, and fails with the control broken.
 * - `unnoticed`: it passes either way, so it shows nothing.
 * - `not-passing`: it does not pass to begin with.
 * - `not-breakable`: the change cannot be made, or nothing runs with it.
 * - `not-tried`: it is in a suite that was not asked for.
 */
export type ProofOutcome = "noticed" | "unnoticed" | "not-passing" | "not-breakable" | "not-tried";

export interface Proved {
  readonly control: string;
  readonly test: string;
  readonly outcome: ProofOutcome;
  /** For people. */
  readonly why: string;
}

interface ProofRun {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Whose tests are run. */
  readonly suites: readonly string[];
}

/** Runs every proof as it is and with its control broken, in a copy of the sources that is removed again. */
export async function proveClaims(claims: readonly Claim[], run: ProofRun): Promise<readonly Proved[]> {
  const copy = await copySources(run.signal);
  try {
    const proved: Proved[] = [];
    for (const { id, proofs } of claims)
      for (const proof of proofs) {
        run.signal.throwIfAborted();
        const step = run.progress.step(`${controlText(id)} ${proof.test}`);
        const { outcome, why } = await prove(copy, proof, run);
        step.done(outcome);
        proved.push({ control: id, test: proof.test, outcome, why });
      }
    return proved;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

type Told = Pick<Proved, "outcome" | "why">;

async function prove(copy: string, proof: Proof, run: ProofRun): Promise<Told> {
  const { file, from, to } = proof.broken;
  if (!run.suites.some((suite) => proof.file.startsWith(`test/${suite}/`)))
    return { outcome: "not-tried", why: `not tried: ${proof.file} needs a cluster` };
  const place = path.join(copy, file);
  const sound = readFileSync(place, "utf8");
  const parts = sound.split(from);
  if (parts.length !== 2)
    return { outcome: "not-breakable", why: `${file} holds what is to be broken ${parts.length - 1} times, not once` };
  const before = await testsOf(copy, proof, run);
  if (before === undefined || before.failed > 0 || before.passed === 0)
    return { outcome: "not-passing", why: `does not pass as it is (${countText(before)})` };
  try {
    writeFileSync(place, parts.join(to));
    const after = await testsOf(copy, proof, run);
    if (after === undefined || after.failed + after.passed === 0)
      return { outcome: "not-breakable", why: `no test ran with ${file} broken` };
    return after.failed > 0
      ? { outcome: "noticed", why: `fails with ${file} broken (${countText(after)})` }
      : { outcome: "unnoticed", why: `passes although ${file} is broken (${countText(after)})` };
  } finally {
    writeFileSync(place, sound);
  }
}

interface Counted {
  readonly passed: number;
  readonly failed: number;
}

const countText = (counted: Counted | undefined): string =>
  counted === undefined ? "nothing ran" : `${counted.passed} passed, ${counted.failed} failed`;

/** What the tests of that name say in the copy; undefined when they could not even be loaded. */
async function testsOf(copy: string, { test, file }: Proof, { signal, env }: ProofRun): Promise<Counted | undefined> {
  const counts = path.join(copy, "counts.json");
  rmSync(counts, { force: true });
  const mocha = path.join(copy, "node_modules", "mocha", "bin", "mocha.js");
  const words = [mocha, "--reporter", path.join(copy, "test", "reporter.cjs"), "--exit", "--fgrep", test, file];
  await tryExec("node", words, { cwd: copy, env: { ...env, HMS_TEST_COUNTS: counts }, signal });
  signal.throwIfAborted();
  try {
    return JSON.parse(readFileSync(counts, "utf8")) as Counted;
  } catch {
    return undefined;
  }
}

/** The files that git knows, as they are in the checkout, and its node modules. */
async function copySources(signal: AbortSignal): Promise<string> {
  const root = projectRoot();
  const listed = await exec("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    signal,
  });
  const files = listed.split("\0").filter((file) => file !== "");
  if (files.length === 0) throw new RefusedError(`${root} is no checkout of git, so there are no sources to copy`);
  const copy = mkdtempSync(path.join(os.tmpdir(), "hms-controls-"));
  for (const file of files) cpSync(path.join(root, file), path.join(copy, file), { force: true });
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}
