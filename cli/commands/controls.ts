import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { assess, notShown, type Assessment } from "../../core/controls/assess";
import { type Baseline, controlId, controlText, readBaselines } from "../../core/controls/baselines";
import { type ControlMap, readControlMap } from "../../core/controls/claims";
import { markdownReport } from "../../core/controls/markdown";
import { componentDefinition } from "../../core/controls/oscal";
import { readTestRun, type TestRun } from "../../core/controls/testRun";
import { description, version } from "../../package.json";
import { projectRoot } from "../../platform/home";
import { Progress } from "../../platform/progress";
import { readTestRunTexts } from "../../platform/testRuns";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { proveClaims, type Proved } from "../controlsProof";

const FORMATS = ["markdown", "oscal"];
/** Suites whose tests need no cluster. */
const QUICK = ["unit", "engine"];

const BASELINE = {
  flags: "--baseline <name>",
  description: "fedramp-moderate or fisma-high (default: both)",
};

const report: Command = {
  name: "controls report",
  summary: "What the last test runs show of NIST SP 800-53 controls, and every gap. Fails where a claim is not shown.",
  options: [
    BASELINE,
    {
      flags: "--format <name>",
      description: "markdown, or oscal: a component definition in JSON",
      default: "markdown",
    },
    { flags: "--output <file>", description: "write it there instead of to stdout" },
  ],
  examples: [
    "npm test && hms controls report --output controls.md",
    "hms controls report --baseline fisma-high --format oscal > component-definition.json",
  ],
  run(invocation, io) {
    const format = invocation.required("format");
    if (!FORMATS.includes(format))
      throw new UsageError(
        `--format: got "${format}"; allowed is ${FORMATS.join(" or ")}; say how it is to be written`,
      );
    const { baselines, map } = readControls();
    const runs = readTestRunTexts(projectRoot()).flatMap((text) => readTestRun(text) ?? []);
    const assessments = chosen(baselines, invocation).map((baseline) => assess(baseline, map, runs));
    const text = format === "oscal" ? oscalText(assessments) : assessments.map(markdownReport).join("\n");
    write(invocation.text("output"), text, io);
    const lines = complaints(assessments, runs);
    for (const line of lines) io.err.write(`${line}\n`);
    return Promise.resolve(lines.length === 0 ? 0 : 1);
  },
};

const prove: Command = {
  name: "controls prove",
  summary: "Breaks each claimed control in a copy of the sources, and says whether its tests notice.",
  arguments: [{ syntax: "[control...]", description: "AU-9, for instance (default: all)" }],
  options: [JSON_OPTION],
  examples: ["hms controls prove", "hms controls prove 'AU-9(3)'"],
  async run(invocation, io) {
    const { map } = readControls();
    const wanted = new Set(invocation.arguments.map(controlId));
    const unknown = [...wanted].find((id) => !map.claims.some((claim) => claim.id === id));
    if (unknown !== undefined)
      throw new UsageError(`nothing is claimed of ${controlText(unknown)}; see hms controls report`);
    const claims = map.claims.filter(({ id }) => wanted.size === 0 || wanted.has(id));
    const progress = new Progress(io.err);
    const proved = await proveClaims(claims, { progress, signal: io.signal, env: io.env, suites: QUICK });
    progress.close();
    answer(io, invocation.flag("json"), { proved }, () => proved.map(provedLine).join("\n"));
    return proved.every(({ outcome }) => outcome === "noticed" || outcome === "not-tried") ? 0 : 1;
  },
};

const provedLine = ({ control, test, outcome, why }: Proved): string =>
  `${outcome === "noticed" ? "✓" : outcome === "not-tried" ? "-" : "✗"} ${controlText(control)}: ${test}: ${why}`;

function readControls(): { readonly baselines: readonly Baseline[]; readonly map: ControlMap } {
  const text = (file: string) => readFileSync(path.join(projectRoot(), "policy", "controls", file), "utf8");
  return { baselines: readBaselines(text("baselines.yaml")), map: readControlMap(text("controls.yaml")) };
}

function chosen(baselines: readonly Baseline[], invocation: Invocation): readonly Baseline[] {
  const name = invocation.text("baseline");
  if (name === undefined) return baselines;
  const found = baselines.find((one) => one.name === name);
  if (found) return [found];
  const names = baselines.map((one) => one.name).join(" or ");
  throw new UsageError(`--baseline: got "${name}"; allowed is ${names}; say what is to be reported on`);
}

const oscalText = (assessments: readonly Assessment[]): string =>
  `${JSON.stringify(componentDefinition({ title: "HMS delivery", description, version, at: new Date() }, assessments), null, 2)}\n`;

function write(file: string | undefined, text: string, io: Io): void {
  if (file === undefined) {
    io.out.write(text.replace(/\n?$/, "\n"));
    return;
  }
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, text);
}

/** Claims that nothing shows, each once. */
function complaints(assessments: readonly Assessment[], runs: readonly TestRun[]): readonly string[] {
  if (runs.length === 0) return ["no test run is kept here, so nothing is shown: run npm test first"];
  const lines = assessments.flatMap(notShown).map(({ id, proofs }) => {
    const bad = proofs.filter(({ state }) => state !== "passed").map(({ proof, state }) => `${proof.test} (${state})`);
    return `✗ ${controlText(id)} is claimed and not shown: ${bad.join("; ")}`;
  });
  return [...new Set(lines)];
}

export const controlsCommands: readonly Command[] = [report, prove];
