import type { Baseline } from "./baselines";
import { type Claim, type ControlMap, type Duty, dutyOf, type Proof } from "./claims";
import type { TestRun } from "./testRun";

/** `passed`: all tests that the proof names passed. `missing`: no run has one of that name. */
export type ProofState = "passed" | "failed" | "skipped" | "missing";

export interface SeenProof {
  readonly proof: Proof;
  readonly state: ProofState;
  /** How many tests the proof's name stands for. */
  readonly tests: number;
  /** The run that saw them; absent when none did. */
  readonly run?: Pick<TestRun, "run" | "at" | "commit">;
}

/**
 * - `shown`: each proof passed, and nothing of it is left to others.
 * - `shown-in-part`: each proof passed; the claim says what remains.
 * - `not-shown`: a proof failed or did not run. A claim that is not shown is not a claim.
 * - `duty`: somebody else's altogether.
 * - `gap`: nobody's here.
 */
export type Standing = "shown" | "shown-in-part" | "not-shown" | "duty" | "gap";

export interface AssessedControl {
  readonly id: string;
  readonly standing: Standing;
  readonly claim?: Claim;
  readonly proofs: readonly SeenProof[];
  readonly duty?: Duty;
}

export interface Assessment {
  readonly baseline: Baseline;
  /** Each control of the baseline, in its order. */
  readonly controls: readonly AssessedControl[];
  /** Claims that the baseline does not ask for. */
  readonly beyond: readonly AssessedControl[];
  /** Runs that the proofs come from. */
  readonly runs: readonly Pick<TestRun, "run" | "at" | "commit">[];
}

/** What is shown of a baseline by what was run last. Pure. */
export function assess(baseline: Baseline, { claims, duties }: ControlMap, runs: readonly TestRun[]): Assessment {
  const byId = new Map(claims.map((claim) => [claim.id, claim]));
  const wanted = new Set(baseline.controls);
  const one = (id: string): AssessedControl => {
    const claim = byId.get(id);
    if (claim) return claimed(claim, runs);
    const duty = dutyOf(duties, id);
    return duty ? { id, standing: "duty", proofs: [], duty } : { id, standing: "gap", proofs: [] };
  };
  return {
    baseline,
    controls: baseline.controls.map(one),
    beyond: claims.filter(({ id }) => !wanted.has(id)).map((claim) => claimed(claim, runs)),
    runs: runs.map(({ run, at, commit }) => ({ run, at, commit })),
  };
}

function claimed(claim: Claim, runs: readonly TestRun[]): AssessedControl {
  const proofs = claim.proofs.map((proof) => seen(proof, runs));
  const good = proofs.every(({ state }) => state === "passed");
  const standing = !good ? "not-shown" : claim.remains === undefined ? "shown" : "shown-in-part";
  return { id: claim.id, standing, claim, proofs };
}

function seen(proof: Proof, runs: readonly TestRun[]): SeenProof {
  for (const { tests, run, at, commit } of runs) {
    const own = tests.filter(({ title, file }) => file === proof.file && title.startsWith(proof.test));
    if (own.length === 0) continue;
    const state = (["failed", "skipped"] as const).find((wrong) => own.some(({ outcome }) => outcome === wrong));
    return { proof, state: state ?? "passed", tests: own.length, run: { run, at, commit } };
  }
  return { proof, state: "missing", tests: 0 };
}

/** Claims that nothing shows, of what a baseline asks for and beyond. */
export const notShown = ({ controls, beyond }: Assessment): readonly AssessedControl[] =>
  [...controls, ...beyond].filter(({ standing }) => standing === "not-shown");

export const count = ({ controls }: Assessment, standing: Standing): number =>
  controls.filter((control) => control.standing === standing).length;
