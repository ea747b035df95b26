import path from "node:path";
import { canonicalJson } from "../../core/canonicalJson";
import { runTable, type Row } from "../../core/fleet/run";
import { parseWaves } from "../../core/fleet/waves";
import { parseDuration } from "../../core/service/duration";
import { sha256 } from "../../core/sha256";
import { CancelledError, RefusedError } from "../../platform/errors";
import { hmsHome, projectRoot } from "../../platform/home";
import { answer, EXIT, JSON_OPTION, UsageError, type Command } from "../command";
import { driveFleet } from "../fleet/drive";
import { localRunner } from "../fleet/local";
import { FleetMemory, sourcesOf } from "../fleet/memory";
import { prepareEngine } from "../prepare";
import { openStack } from "../stack";

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
    { flags: "--resume", description: "leaves out stacks that an earlier run updated from the same sources" },
    { flags: "--undo", description: "takes back the stacks that were updated, when the run stops because of others" },
    JSON_OPTION,
  ],
  examples: [
    'hms fleet up --stacks "usda; epa, doi" --soak 10m',
    'hms fleet up --stacks "usda; epa, doi" --resume          # after an interruption, or a failure that was mended',
    'hms fleet up --stacks "usda; epa, doi" --max-failures 1 --parallel 4 --json',
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
    // Every stack's file is read before the first one is touched.
    const stacks = order.flat().map((stack) => [stack, openStack(stack, undefined, io.env)] as const);
    const folder = path.join(hmsHome(io.env), "fleet", sha256(canonicalJson(order.flat().sort())).slice(0, 12));
    const sources = stacks.map(async ([stack, open]) => [stack, await sourcesOf(open, projectRoot())] as const);
    const memory = new FleetMemory(folder, new Map(await Promise.all(sources)));
    const prepared = await prepareEngine(io);
    const done = new Set(invocation.flag("resume") ? order.flat().filter((stack) => memory.isDone(stack)) : []);
    const { rows, stopped, cancelled } = await driveFleet(localRunner(prepared, folder, io), {
      waves: { order, soakSeconds, maxFailures },
      parallel,
      undo: invocation.flag("undo"),
      done,
      signal: io.signal,
      onChange: (all, changed) => {
        const row = all.find(({ member }) => member === changed);
        if (!row) return;
        if (row.outcome !== "running") memory.note(changed, row.outcome === "done");
        io.err.write(`${changed}: ${row.outcome === "waiting" ? "stopped" : row.outcome}\n`);
      },
    });
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

const documentOf = ({ member: stack, wave, ...rest }: Row) => ({ stack, wave: wave + 1, ...rest });

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d{1,4}$/.test(text) && value >= least) return value;
  throw new UsageError(`${option}: got "${text}"; allowed is a whole number from ${least} to 9999`);
}
