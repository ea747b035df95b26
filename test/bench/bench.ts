import os from "node:os";
import type { Io } from "../../cli/command";
import { RefusedError } from "../../platform/errors";
import { Load } from "../load/load";
import { GATEWAY } from "../support/cluster";
import { TestProject, type Ran } from "../support/project";
import { phasesOf, type Phases, type TimedLine } from "./phases";

const REPEATS = 5;
const FLIPS = 3;
const REQUESTS_PER_SECOND = 500;

interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Figures of `npm run bench`; seconds unless the name says otherwise. */
export interface BenchDocument {
  readonly machine: {
    readonly cores: number;
    readonly memoryGiB: number;
    readonly node: string;
    readonly load: number;
  };
  readonly first: Phases;
  readonly flips: readonly Phases[];
  readonly noopUp: Spread;
  readonly preview: Spread;
  readonly rollback: Spread;
  readonly convergenceMs: Spread;
  readonly load: {
    readonly perSecond: number;
    readonly sent: number;
    readonly lost: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  };
}

/** Delivers the example service again and again, under load, in a stack of its own, and takes it away. */
export async function bench(io: Io, env: NodeJS.ProcessEnv): Promise<BenchDocument> {
  Object.assign(process.env, env);
  const project = new TestProject("bench");
  const say = (text: string) => void io.err.write(`${text}\n`);
  const convergence: number[] = [];
  const run = async (
    what: string,
    act: () => Promise<Ran>,
  ): Promise<{ readonly seconds: number; readonly lines: readonly TimedLine[] }> => {
    io.signal.throwIfAborted();
    const begun = performance.now();
    const { code, output, lines } = await act();
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0) throw new RefusedError(`${what} failed:\n${output}`);
    for (const { text } of lines) {
      const [, ms] = /in force after (\d+) ms/.exec(text) ?? [];
      if (ms !== undefined && !convergence.includes(Number(ms))) convergence.push(Number(ms));
    }
    say(`${what}: ${seconds.toFixed(2)} s`);
    return { seconds, lines };
  };
  const repeat = async (what: string, act: () => Promise<Ran>): Promise<Spread> => {
    const times: number[] = [];
    for (let i = 0; i < REPEATS; i++) times.push((await run(what, act)).seconds);
    return spread(times);
  };
  try {
    await project.init();
    const cold = await run("first up", () => project.up());
    const noopUp = await repeat("no-op up", () => project.up());
    const preview = await repeat("preview", () => project.preview());
    const load = Load.start({
      address: GATEWAY.address,
      host: project.host,
      path: "/health",
      requestsPerSecond: REQUESTS_PER_SECOND,
      newConnections: 0.1,
      maxSeconds: 300,
    });
    const flips: Phases[] = [];
    const back: number[] = [];
    for (let i = 0; i < FLIPS; i++) {
      project.newPolicy(`bench.${i}`);
      const flip = await run("flip to a new release", () => project.up());
      flips.push(phasesOf(flip.lines, flip.seconds));
      back.push((await run("rollback", () => project.deploy("rollback", "--env", project.stack))).seconds);
    }
    const report = await load.stop();
    return {
      machine: {
        cores: os.cpus().length,
        memoryGiB: Math.round(os.totalmem() / 2 ** 30),
        node: process.version,
        load: os.loadavg()[0] ?? 0,
      },
      first: phasesOf(cold.lines, cold.seconds),
      flips,
      noopUp,
      preview,
      rollback: spread(back),
      convergenceMs: spread(convergence),
      load: {
        perSecond: REQUESTS_PER_SECOND,
        sent: report.sent,
        lost: report.lost.length,
        p50Ms: report.p50,
        p99Ms: report.p99,
      },
    };
  } finally {
    say("taking the bench's stack away");
    project.remove();
  }
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => Math.round((sorted[index] ?? 0) * 100) / 100;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}
