import { randomInt } from "node:crypto";
import { readChaosOptions } from "../../core/chaos/options";
import { LARGEST_SEED } from "../../core/chaos/random";
import { reportText } from "../../core/chaos/text";
import { problemText } from "../../core/service/problem";
import { RefusedError } from "../../platform/errors";
import { findAims } from "../../provider/chaos/aim";
import { runChaos } from "../../provider/chaos/run";
import { chaosPlace, refuseProduction } from "../chaos";
import { answer, JSON_OPTION, UsageError, type Command } from "../command";
import { askForServices } from "../permission";
import { openTarget } from "../stack";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./status";

/** `hms chaos run`: kills pods at random and says whether users would have noticed. */
export const chaosRun: Command = {
  name: "chaos run",
  summary:
    "Kills pods of a stack at random, counts what its gateway answers meanwhile, and passes if enough was answered.",
  options: [
    { flags: "--target <stack>", description: "stack whose pods are killed" },
    SERVICE_OPTION,
    ACCOUNT_OPTION,
    { flags: "--time <duration>", description: "how long, 10s to 1h", default: "5m" },
    {
      flags: "--kill <share>",
      description: "share of the ready pods that one round kills, rounded up",
      default: "10%",
    },
    {
      flags: "--every <duration>",
      description: "from one round to the next; it waits until all are back",
      default: "20s",
    },
    {
      flags: "--min-availability <share>",
      description: "more than this share of requests must be answered; 100% means that none is lost",
      default: "99%",
    },
    { flags: "--rps <count>", description: "requests a second to each service, on its health path", default: "50" },
    {
      flags: "--mode <mode>",
      description:
        "crash: deleted without a grace period. drain: deleted with it, as a new release does. " +
        "evict: asked to leave, under the disruption budget, as the maintenance of a node does",
      default: "crash",
    },
    {
      flags: "--color <side>",
      description: "whose pods: live (those with traffic), idle (those without, through the probe route) or both",
      default: "live",
    },
    { flags: "--seed <number>", description: "repeats the choices of an earlier run; a new one by default" },
    { flags: "--allow-prod", description: "also a stack that is protected or named prod" },
    JSON_OPTION,
  ],
  examples: [
    "hms chaos run --target staging --time 5m",
    "hms chaos run --target staging --service drought-benefit --kill 50% --every 10s --mode drain",
    "hms chaos run --target preprod --color idle --time 1m --json  # before a move: 0 pass, 1 anything else",
  ],
  async run(invocation, io) {
    const stack = invocation.required("target");
    const read = readChaosOptions(
      {
        time: invocation.text("time"),
        kill: invocation.text("kill"),
        every: invocation.text("every"),
        "min-availability": invocation.text("minAvailability"),
        rps: invocation.text("rps"),
        mode: invocation.text("mode"),
        color: invocation.text("color"),
        seed: invocation.text("seed") ?? String(randomInt(LARGEST_SEED + 1)),
      },
      invocation.flag("allowProd"),
    );
    if (!read.ok) throw new UsageError(read.problems.map((problem) => `--${problemText(problem)}`).join("\n"));
    const open = await openTarget(stack, invocation.text("service"), invocation.text("account"), io.env);
    const options = read.value;
    refuseProduction(open, options.allowProd);
    await askForServices("chaos", open, io);
    const place = chaosPlace(open);
    const find = () => findAims(place, options.side);
    const report = await runChaos({ place, options, find }, io.signal, (line) => void io.err.write(`${line}\n`));
    answer(io, invocation.flag("json"), report, () => reportText(report));
    if (report.verdict !== "pass")
      throw new RefusedError(`${report.verdict}: ${report.reason ?? "no reason is known"}`);
  },
};
