import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { factDifferences } from "../core/preview/differences";
import { violationsOf } from "../core/preview/enginePlan";
import { factsSchema, type PlanFacts } from "../core/preview/facts";
import { DIGEST, movedText, readPlanFile, sourceDifferences, type PlanFile } from "../core/preview/planFile";
import { CancelledError, reasonOf as messageOf, RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { UsageError, type Io } from "./command";
import { prepareForeign } from "./deploy";
import { planSources } from "./planSources";
import { reasonOf, up } from "./pulumi";

/**
 * @param approved digest that somebody approved, if one was given.
 * @throws UsageError, RefusedError for a file that is none, was changed, or is not the approved one.
 */
export function openPlan(file: string, approved: string | undefined): PlanFile {
  if (approved !== undefined && !DIGEST.test(approved))
    throw new UsageError(
      `--approved: got "${approved}"; allowed is sha256: and 64 hex digits, as hms preview prints them`,
    );
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`--plan ${file}: ${messageOf(error)}; make one with hms preview --save ${file}`);
  }
  return readPlanFile(text, file, approved);
}

/**
 * Makes exactly the update of a plan. What it was made from is compared first: program and configuration here, the
 * cluster by the program itself from the reads that it plans by, resource by resource by the engine, in a preview before
 * anything is changed.
 * @throws RefusedError with the difference; CancelledError after Ctrl-C, when the traffic is back.
 */
export async function applyPlan(plan: PlanFile, io: Io): Promise<void> {
  const { stack, digest, wishes, sources, facts, engine } = plan;
  const root = projectRoot();
  const changed = sourceDifferences(sources, planSources(root, stack));
  if (changed.length > 0) throw new RefusedError(movedText(digest, changed));
  io.err.write(`applying plan ${digest}, saved ${plan.savedAt}\n`);
  const { env: prepared } = await prepareForeign(stack, io);
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-plan-"));
  try {
    const files = {
      engine: path.join(folder, "engine"),
      facts: path.join(folder, "facts"),
      now: path.join(folder, "now"),
    };
    writeFileSync(files.engine, JSON.stringify(engine), { mode: 0o600 });
    writeFileSync(files.facts, JSON.stringify(facts), { mode: 0o600 });
    const env = {
      ...prepared,
      HMS_OVERRIDES: JSON.stringify(wishes),
      HMS_PLAN_EXPECTED: files.facts,
      HMS_PLAN_FACTS: files.now,
      // What the ledger is told of each change of weights.
      HMS_PLAN_DIGEST: digest,
    };
    const onLine = (line: string) => void io.err.write(`${line}\n`);
    const { code, lines } = await up({ root, stack, env, signal: io.signal, onLine }, { plan: files.engine });
    if (io.signal.aborted) throw new CancelledError(`cancelled: ${reasonOf(lines)}`);
    if (code === 0) return;
    const now = factsIn(files.now);
    const moved = now === undefined ? [] : factDifferences(facts, now);
    const differences = moved.length > 0 ? moved : violationsOf(lines);
    throw new RefusedError(differences.length > 0 ? movedText(digest, differences) : reasonOf(lines));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the program told; `undefined` where it did not come so far. */
export function factsIn(file: string): PlanFacts | undefined {
  try {
    return factsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
