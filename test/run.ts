import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Io } from "../cli/command";
import { prepareEngine } from "../cli/prepare";
import { projectRoot } from "../platform/home";
import { bringUp, CLUSTER_TOOLS } from "../platform/local/up";

/** Kinds of tests, in the order in which they run: cheap ones first. */
export const SUITES = ["unit", "engine", "e2e"] as const;
export type Suite = (typeof SUITES)[number];

/** What a run of mocha counted; written by test/reporter.cjs. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The closing line of a test run, as machines read it. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** One call of mocha. */
interface TestRun {
  readonly name: string;
  readonly folder: string;
  readonly pattern: string;
  /** Files at once. */
  readonly jobs: number;
}

/**
 * Each file has a project, a namespace and a state of its own. Two at a time use two cores well; three keep them so busy
 * that gates cannot tell in their time.
 */
const JOBS: Readonly<Record<Suite, number>> = { unit: 1, engine: 2, e2e: 2 };

function runsOf(suite: Suite): readonly TestRun[] {
  const folder = path.join("test", suite);
  const jobs = JOBS[suite];
  const all = { name: suite, folder, pattern: `${folder}/*.test.ts`, jobs };
  if (suite === "unit") return [{ ...all, pattern: `${folder}/**/*.test.ts` }];
  // What stops parts of the platform itself.
  const alone = path.join(folder, "alone");
  return [all, { name: `${suite} alone`, folder: alone, pattern: `${alone}/*.test.ts`, jobs: 1 }];
}

/** Runs the suites one after the other and ends with the totals. No test at all counts as a failure. */
export async function runTests(suites: readonly Suite[], grep: string | undefined, io: Io): Promise<number> {
  const root = projectRoot();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-test-"));
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  let broken = false;
  let env = io.env;
  let isUp = false;
  try {
    for (const suite of suites) {
      if (io.signal.aborted || !hasTests(path.join(root, "test", suite))) continue;
      if (suite !== "unit" && !isUp) {
        const prepared = await prepareEngine(io, CLUSTER_TOOLS);
        await bringUp(prepared.layout, { progress: prepared.progress, signal: io.signal });
        env = prepared.env;
        isUp = true;
      }
      for (const run of runsOf(suite)) {
        if (io.signal.aborted || !hasTests(path.join(root, run.folder))) continue;
        io.out.write(`\n== ${run.name} ==\n`);
        const results = path.join(folder, `${run.name.replaceAll(" ", "-")}.json`);
        const code = await mocha(root, run, grep, { ...env, HMS_TEST_COUNTS: results }, io.signal);
        const counts = readCounts(results);
        // A crash before the end (a syntax error, a lost process) leaves no counts, or ends otherwise than they say.
        broken ||= counts === undefined || (code !== 0 && counts.failed === 0);
        total = add(total, counts);
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  if (broken) total = { ...total, failed: total.failed + 1 };
  const ran = total.passed + total.failed;
  if (ran === 0) io.err.write("no test ran\n");
  if (io.signal.aborted) io.err.write("cancelled\n");
  io.out.write(`\n${closingLine(total)}\n`);
  if (io.signal.aborted) return 130;
  return ran > 0 && total.failed === 0 ? 0 : 1;
}

function hasTests(folder: string): boolean {
  if (!fs.existsSync(folder)) return false;
  return fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith(".test.ts"));
}

function add(left: Counts, right: Counts | undefined): Counts {
  if (right === undefined) return left;
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

function readCounts(file: string): Counts | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Counts;
  } catch {
    return undefined;
  }
}

function mocha(
  root: string,
  { pattern, jobs }: TestRun,
  grep: string | undefined,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const args = [
      path.join(root, "node_modules", "mocha", "bin", "mocha.js"),
      ...["--reporter", path.join(root, "test", "reporter.cjs"), "--exit"],
      ...(jobs === 1 ? [] : ["--parallel", "--jobs", String(jobs)]),
      ...(grep === undefined ? [] : ["--grep", grep]),
      pattern,
    ];
    const child = spawn("node", args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
    // A terminal's Ctrl-C reaches mocha by itself; a signal sent to us alone has to be handed on.
    const stop = () => void child.kill("SIGINT");
    signal.addEventListener("abort", stop, { once: true });
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve(code ?? 1);
    });
  });
}
