import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Io } from "../cli/command";
import { prepareEngine } from "../cli/prepare";
import type { RanTest, TestRun as KeptRun } from "../core/controls/testRun";
import { testRunFile } from "../platform/testRuns";
import { projectRoot } from "../platform/home";
import { loadLayout } from "../platform/local/layout";
import { bringUp, CLUSTER_TOOLS } from "../platform/local/up";
import { Progress } from "../platform/progress";
import { ensureDebianPackages } from "../platform/toolchain/debian";
import { ensureMoto } from "../platform/toolchain/moto";
import { TEST_PACKAGES } from "../platform/toolchain/tools";
import { TAKE_ALL } from "./support/share";
import { keepTimes, longestFirst, readTimes, timesTable, type FileTimes } from "./times";

/** Kinds of tests, in the order in which they run: cheap ones first. */
export const SUITES = ["unit", "engine", "e2e"] as const;
export type Suite = (typeof SUITES)[number];

/** What a run of mocha counted. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A test, or a hook of one, that failed. */
export interface Failure {
  /** With the names of what it stands in. */
  readonly title: string;
  readonly file?: string;
  readonly message: string;
}

/** What test/reporter.cjs writes. */
interface Results extends Counts {
  readonly failures: readonly Failure[];
  /** Files are absolute. */
  readonly tests: readonly (Omit<RanTest, "file"> & { readonly file?: string })[];
  /** Milliseconds by absolute file. */
  readonly times: FileTimes;
}

/** The closing line of a test run, as machines read it. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** Built before the tests that run them, for a build takes longer than a test may. */
const SCANNERS = ["gitleaks", "osv-scanner"];

/** What failed, again: mocha tells it at the end of each suite, far above the end of a run, or cut away by then. */
export function failureList(failures: readonly Failure[], root: string): string {
  return failures
    .map(({ title, file, message }) => {
      const where = file === undefined ? "" : ` (${path.relative(root, file)})`;
      const lines = message.split("\n").slice(0, MESSAGE_LINES);
      return [`✗ ${title}${where}`, ...lines.map((line) => `    ${line.slice(0, MESSAGE_WIDTH)}`), ""].join("\n");
    })
    .join("");
}

const MESSAGE_LINES = 12;
const MESSAGE_WIDTH = 400;

/** One call of mocha. */
interface TestRun {
  readonly name: string;
  /** Holds the files, those of the folders in it too where it has no other runs. */
  readonly folder: string;
  readonly deep: boolean;
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
  const all = { name: suite, folder, deep: suite === "unit", jobs };
  if (all.deep) return [all];
  // What stops parts of the platform itself.
  const alone = path.join(folder, "alone");
  return [all, { name: `${suite} alone`, folder: alone, deep: false, jobs: 1 }];
}

/** Which tests run. */
export interface Wanted {
  readonly suites: readonly Suite[];
  /** Only those whose name holds this text. */
  readonly grep?: string | undefined;
  /** Every case of those that take a share of many alike (test/support/share.ts). */
  readonly all: boolean;
}

/** Runs the suites one after the other and ends with the totals. No test at all counts as a failure. */
export async function runTests({ suites, grep, all }: Wanted, io: Io): Promise<number> {
  const root = projectRoot();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-test-"));
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  let broken = false;
  let env = io.env;
  let isUp = false;
  try {
    for (const suite of suites) {
      if (io.signal.aborted || filesOf(root, { folder: path.join("test", suite), deep: true }).length === 0) continue;
      if (suite !== "unit" && !isUp) {
        const prepared = await prepareEngine(io, [...CLUSTER_TOOLS, ...SCANNERS]);
        const { layout, progress } = prepared;
        await bringUp(layout, { progress, signal: io.signal });
        await ensureMoto({ home: layout.home, progress, signal: io.signal });
        env = prepared.env;
        isUp = true;
      }
      if (suite === "e2e") {
        const { home } = loadLayout(io.env);
        await ensureDebianPackages({ home, progress: new Progress(io.err), signal: io.signal }, TEST_PACKAGES);
      }
      for (const run of runsOf(suite)) {
        if (io.signal.aborted || filesOf(root, run).length === 0) continue;
        io.out.write(`\n== ${run.name} ==\n`);
        const results = path.join(folder, `${run.name.replaceAll(" ", "-")}.json`);
        const code = await mocha(
          root,
          run,
          grep,
          { ...env, ...(all ? { [TAKE_ALL]: "1" } : {}), HMS_TEST_COUNTS: results },
          io.signal,
        );
        const counts = readResults(results);
        // A crash before the end (a syntax error, a lost process) leaves no counts, or ends otherwise than they say.
        broken ||= counts === undefined || (code !== 0 && counts.failed === 0);
        total = add(total, counts);
        failures.push(...(counts?.failures ?? []));
        // A part of a suite says nothing of the rest.
        if (counts && grep === undefined) {
          keepRun(root, run.name, counts);
          const times = Object.entries(counts.times).map(([file, took]) => [path.relative(root, file), took] as const);
          keepTimes(root, Object.fromEntries(times));
          if (suite !== "unit") io.out.write(`the longest of ${run.name}\n${timesTable(Object.fromEntries(times))}`);
        }
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  if (broken) total = { ...total, failed: total.failed + 1 };
  const ran = total.passed + total.failed;
  if (ran === 0) io.err.write("no test ran\n");
  if (io.signal.aborted) io.err.write("cancelled\n");
  if (failures.length > 0) io.out.write(`\n== failed ==\n${failureList(failures, root)}`);
  io.out.write(`\n${closingLine(total)}\n`);
  if (io.signal.aborted) return 130;
  return ran > 0 && total.failed === 0 ? 0 : 1;
}

/** What a whole suite saw, for `hms controls report`. */
function keepRun(root: string, name: string, { tests }: Results): void {
  const git = (...words: readonly string[]) => spawnSync("git", words, { cwd: root, encoding: "utf8" }).stdout.trim();
  const run: KeptRun = {
    run: name,
    at: new Date().toISOString(),
    commit: `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain") === "" ? "" : "-dirty"}`,
    tests: tests.map(({ file, ...test }) => ({ ...test, file: path.relative(root, file ?? root) })),
  };
  const kept = testRunFile(root, name);
  fs.mkdirSync(path.dirname(kept), { recursive: true });
  fs.writeFileSync(kept, JSON.stringify(run));
}

/** From the project's root. */
function filesOf(root: string, { folder, deep }: Pick<TestRun, "folder" | "deep">): readonly string[] {
  const all = path.join(root, folder);
  if (!fs.existsSync(all)) return [];
  return fs
    .readdirSync(all, { recursive: deep, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => path.join(folder, name));
}

function add(left: Counts, right: Counts | undefined): Counts {
  if (right === undefined) return left;
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

function readResults(file: string): Results | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Results;
  } catch {
    return undefined;
  }
}

function mocha(
  root: string,
  run: TestRun,
  grep: string | undefined,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  const { jobs } = run;
  const files = filesOf(root, run);
  return new Promise((resolve, reject) => {
    const args = [
      path.join(root, "node_modules", "mocha", "bin", "mocha.js"),
      ...["--reporter", path.join(root, "test", "reporter.cjs"), "--exit"],
      ...(jobs === 1 ? [] : ["--parallel", "--jobs", String(jobs)]),
      ...(grep === undefined ? [] : ["--grep", grep]),
      ...(jobs === 1 ? files : longestFirst(files, readTimes(root), (file) => fs.statSync(path.join(root, file)).size)),
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
