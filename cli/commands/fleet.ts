import path from "node:path";
import { canonicalJson } from "../../core/canonicalJson";
import { runTable, type Row } from "../../core/fleet/run";
import { PERMISSION_VARIABLE } from "../../core/permission/decision";
import { parseWaves } from "../../core/fleet/waves";
import { parseDuration } from "../../core/service/duration";
import { sha256 } from "../../core/sha256";
import { CancelledError, RefusedError } from "../../platform/errors";
import { hmsHome, projectRoot } from "../../platform/home";
import { answer, EXIT, JSON_OPTION, UsageError, type Command, type Io } from "../command";
import { driveFleet } from "../fleet/drive";
import { jobsInCluster } from "../fleet/inCluster";
import { stackRunner, updateHere, type FleetPermits } from "../fleet/local";
import { FleetMemory, sourcesOf } from "../fleet/memory";
import { prepareEngine } from "../prepare";
import { askForServices } from "../permission";
import { openStack, type OpenStack } from "../stack";

const RUNNERS: readonly string[] = ["local", "kubernetes"];

/** `hms fleet up`: a stack per agency, updated wave by wave. */
export const fleetUp: Command = {
  name: "fleet up",
  summary: "Updates many stacks in waves; a stack that fails has restored itself, and stops what comes after it.",
  options: [
    { flags: "--stacks <waves>", description: 'stacks by wave: "usda; epa, doi" are two waves' },
    { flags: "--soak <duration>", description: "watches a wave so long before the next one begins", default: "0s" },
    {
      flags: "--max-failures <count>",
      description: "so many stacks may fail before nothing more is begun",
      default: "0",
    },
    { flags: "--parallel <count>", description: "so many stacks at once", default: "2" },
    {
      flags: "--runner <where>",
      description: "local: by this machine; kubernetes: by a Job for each wave",
      default: "local",
    },
    {
      flags: "--image <reference>",
      description: "for Jobs of another cluster than the local platform: image of updates, by digest",
    },
    { flags: "--resume", description: "leaves out stacks that an earlier run updated from the same sources" },
    { flags: "--undo", description: "takes back the stacks that were updated, when the run stops because of others" },
    JSON_OPTION,
  ],
  examples: [
    'hms fleet up --stacks "usda; epa, doi" --soak 10m',
    'hms fleet up --stacks "usda; epa, doi" --resume          # after an interruption, or a failure that was mended',
    'hms fleet up --stacks "usda; epa, doi" --max-failures 1 --parallel 4 --json',
    'hms fleet up --stacks "usda; epa, doi" --runner kubernetes --parallel 8',
  ],
  async run(invocation, io) {
    const order = parseWaves(invocation.required("stacks"));
    if (order === undefined)
      throw new UsageError(
        `--stacks: got "${invocation.required("stacks")}"; allowed are names of stacks, each once, separated by commas, and waves by semicolons`,
      );
    const soakSeconds = parseDuration(invocation.required("soak"));
    if (soakSeconds === undefined)
      throw new UsageError(
        `--soak: got "${invocation.required("soak")}"; allowed is a duration such as 30s, 10m or 1h`,
      );
    const maxFailures = count("--max-failures", invocation.required("maxFailures"), 0);
    const parallel = count("--parallel", invocation.required("parallel"), 1);
    const where = invocation.required("runner");
    if (!RUNNERS.includes(where))
      throw new UsageError(`--runner: got "${where}"; allowed is one of ${RUNNERS.join(", ")}`);
    // Every stack's file is read before the first one is touched.
    const stacks = order.flat().map((stack) => [stack, openStack(stack, undefined, io.env)] as const);
    const undo = invocation.flag("undo");
    // All of it before the first one begins: a token that proves a role may not last as long as the waves.
    const permits = await permitsOf(stacks, undo, io);
    const fleet = sha256(canonicalJson(order.flat().sort())).slice(0, 12);
    const folder = path.join(hmsHome(io.env), "fleet", fleet);
    const sources = new Map(
      await Promise.all(stacks.map(async ([stack, open]) => [stack, await sourcesOf(open, projectRoot())] as const)),
    );
    const memory = new FleetMemory(folder, sources);
    const prepared = await prepareEngine(io);
    const adopt = invocation.flag("resume");
    const done = new Set(adopt ? order.flat().filter((stack) => memory.isDone(stack)) : []);
    const waves = order.map((wave) => wave.filter((stack) => !done.has(stack)));
    const open = stacks.map(([, one]) => one);
    const wish = { fleet, open, sources, waves, parallel, adopt, image: invocation.text("image") };
    const jobs =
      where === "kubernetes"
        ? await jobsInCluster(wish, { ...prepared, env: permittedAll(prepared.env, permits) }, io)
        : undefined;
    const update = jobs?.update.bind(jobs) ?? updateHere(prepared, permits);
    const { rows, stopped, cancelled } = await driveFleet(
      stackRunner({ work: update, prepared, folder, permits }, io),
      {
        waves: { order, soakSeconds, maxFailures },
        // The Job itself has no more at once than it is told.
        parallel: jobs === undefined ? parallel : Math.max(...order.map(({ length }) => length)),
        undo,
        done,
        signal: io.signal,
        onChange: (all, changed) => {
          const row = all.find(({ member }) => member === changed);
          if (!row) return;
          if (row.outcome !== "running") memory.note(changed, row.outcome === "done");
          io.err.write(`${changed}: ${row.outcome === "waiting" ? "stopped" : row.outcome}\n`);
        },
      },
    ).finally(() => jobs?.remove());
    answer(io, invocation.flag("json"), { stacks: rows.map(documentOf), stopped: stopped ?? null, logs: folder }, () =>
      runTable(rows).join("\n"),
    );
    if (cancelled) throw new CancelledError("cancelled: run it again with --resume");
    const failed = rows.filter(({ outcome }) => outcome === "failed").map(({ member }) => member);
    if (stopped !== undefined) throw new RefusedError(`${stopped}; what they said is in ${folder}`);
    if (failed.length > 0) throw new RefusedError(`${failed.join(", ")} failed; what they said is in ${folder}`);
    return EXIT.done;
  },
};

/** What is told of permission to Jobs that update all of them: it is the same of each, but for stacks that ask nobody. */
const permittedAll = (env: NodeJS.ProcessEnv, permits: FleetPermits): NodeJS.ProcessEnv => ({
  ...env,
  [PERMISSION_VARIABLE]: [...new Set([...permits.values()].flatMap(({ update }) => update ?? []))].join("; "),
});

/** @throws RefusedError where the caller's role may not update one of them, or take it back. */
async function permitsOf(
  stacks: readonly (readonly [stack: string, open: OpenStack])[],
  undo: boolean,
  io: Io,
): Promise<FleetPermits> {
  const permits = new Map<string, { readonly update: string | undefined; readonly undo: string | undefined }>();
  for (const [stack, open] of stacks) {
    const update = await askForServices("deploy", open, io);
    permits.set(stack, { update, undo: undo ? await askForServices("rollback", open, io) : undefined });
  }
  return permits;
}

const documentOf = ({ member: stack, wave, ...rest }: Row) => ({ stack, wave: wave + 1, ...rest });

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,4}$/.test(text) && value >= least) return value;
  throw new UsageError(`${option}: got "${text}"; allowed is a whole number from ${least} to 9999`);
}
