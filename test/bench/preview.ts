import { writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { bootstrapAccounts } from "../../cli/account/bootstrap";
import type { Io } from "../../cli/command";
import { loadStackFile } from "../../config/stackFile";
import { foundAccounts, ORGANIZATION_ROLE } from "../../platform/aws/emulator";
import { RefusedError } from "../../platform/errors";
import { CLUSTER } from "../../platform/local/layout";
import { Moto } from "../support/moto";
import { TestProject } from "../support/project";
import { TreeWatch, type TreePeaks } from "./processTree";
import { Programs } from "./timed";

export interface PreviewBenchSettings {
  /** How many accounts each preview has, in order. */
  readonly accounts: readonly number[];
  /** `services` alone, or the accounts' own resources of AWS too. */
  readonly parts: readonly Part[];
}

export type Part = "services" | "aws";

interface Figures extends TreePeaks {
  readonly accounts: number;
  readonly resources: number;
  readonly seconds: number;
  /** Processor time of the engine and of all that it started. */
  readonly cpuSeconds: number;
}

/** The most accounts against the fewest, each figure divided by the resources of its preview. Linear is 1. */
interface Ratios {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memory: number;
}

/** Figures of `npm run bench:preview`. */
export interface PreviewBenchDocument {
  readonly machine: { readonly cores: number; readonly node: string; readonly load: number };
  readonly previews: readonly (Figures & { readonly part: Part })[];
  readonly perResource: Readonly<Partial<Record<Part, Ratios>>>;
  /** Whether processor time and memory grow no more than linearly, with three tenths to spare. */
  readonly ok: boolean;
}

const MOST = 1.3;
const SERVICES = ["first", "second"];

/**
 * Previews of a new stack of two services in ever more accounts, by the real engine and program. Nothing is deployed: all
 * accounts are namespaces of the local cluster that are never made, and an emulator of AWS that ends with the bench.
 */
export async function benchPreview({ accounts, parts }: PreviewBenchSettings, io: Io): Promise<PreviewBenchDocument> {
  const say = (text: string) => void io.err.write(`${text}\n`);
  const previews: (Figures & { part: Part })[] = [];
  for (const part of parts) {
    const moto = part === "aws" ? await Moto.start() : undefined;
    const project = new TestProject("bench-preview");
    if (moto) Object.assign(project.env, { AWS_ACCESS_KEY_ID: "emulated", AWS_SECRET_ACCESS_KEY: "emulated" });
    try {
      await prepare(project, moto, Math.max(...accounts), io);
      // Bundles and kept compiled code: made by the first of all runs.
      await measure(project, Math.min(...accounts), io);
      for (const count of accounts) {
        const figures = await measure(project, count, io);
        previews.push({ part, ...figures });
        const { resources, seconds, cpuSeconds, memoryMiB, processes } = figures;
        say(
          `${part}, ${count} accounts: ${resources} resources, ${seconds} s, ${cpuSeconds} s of processor, ${memoryMiB} MiB, ${processes} processes`,
        );
      }
    } finally {
      project.discard();
      await moto?.stop();
    }
  }
  const perResource = Object.fromEntries(
    parts.map((part) => [part, ratiosOf(previews.filter((one) => one.part === part))]),
  );
  return {
    machine: { cores: os.availableParallelism(), node: process.version, load: os.loadavg()[0] ?? 0 },
    previews,
    perResource,
    ok: Object.values(perResource).every(({ cpuSeconds, memory }) => cpuSeconds <= MOST && memory <= MOST),
  };
}

/** The stack, and the accounts as the organization and the bootstrap leave them. */
async function prepare(project: TestProject, moto: Moto | undefined, most: number, io: Io): Promise<void> {
  const file = path.join(project.folder, "components", "accounts.ts");
  if (moto === undefined) writeFileSync(file, "export const makeAccounts = () => Promise.resolve(new Map());\n");
  accountsOf(project, most);
  if (moto) {
    project.configure((config) => (config["hms:aws"] = { endpoint: moto.endpoint }));
    const config = loadStackFile(project.folder, project.stack);
    await foundAccounts(moto.endpoint, config.accounts, io.signal);
    const wish = { through: ORGANIZATION_ROLE, trusted: [], dryRun: false };
    await bootstrapAccounts(config, wish, io.signal, () => undefined);
  }
  await project.init();
}

function accountsOf(project: TestProject, count: number): void {
  const source = { source: "examples/drought-benefit", env: { REGION: "central-valley" } };
  const account = (index: number) => ({
    id: String(700_000_000_000 + index),
    region: "us-gov-west-1",
    externalId: "hms-bench",
    state: "deployable",
    clusters: { main: { kubeContext: CLUSTER.context, namespace: `${project.namespace}-${index}` } },
    registry: "127.0.0.1:5000",
  });
  project.configure((config) => {
    config["hms:targets"] = "accounts";
    config["hms:services"] = Object.fromEntries(SERVICES.map((name) => [name, source]));
    config["hms:accounts"] = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`agency-${index + 1}`, account(index + 1)]),
    );
  });
}

async function measure(project: TestProject, count: number, { signal }: Io): Promise<Figures> {
  accountsOf(project, count);
  const words = ["preview", "--cwd", project.folder, "--stack", project.stack, "--non-interactive", "--color", "never"];
  let watch: TreeWatch | undefined;
  const ran = await new Programs(signal)
    .timed("pulumi", words, project.env, false, (pid) => (watch = new TreeWatch(pid)))
    .finally(() => watch?.stop());
  const [, created] = /^\s*\+ (\d+) to create$/m.exec(ran.out) ?? [];
  const peaks = await watch?.stop();
  if (created === undefined || !peaks) throw new RefusedError(`the preview of ${count} accounts:\n${ran.out}`);
  // What the engine does not wait for when it ends is in no shell's sum.
  const cpuSeconds = Math.max(ran.cpuSeconds, watch?.cpuSeconds ?? 0);
  const { seconds } = ran;
  return {
    ...{ accounts: count, resources: Number(created), seconds: round(seconds), cpuSeconds: round(cpuSeconds) },
    ...peaks,
  };
}

function ratiosOf(previews: readonly Figures[]): Ratios {
  const sorted = [...previews].sort((left, right) => left.accounts - right.accounts);
  const [few, many] = [sorted.at(0), sorted.at(-1)];
  const ratio = (figure: (one: Figures) => number): number =>
    few && many ? round(figure(many) / many.resources / (figure(few) / few.resources)) : NaN;
  return {
    seconds: ratio(({ seconds }) => seconds),
    cpuSeconds: ratio(({ cpuSeconds }) => cpuSeconds),
    memory: ratio(({ memoryMiB }) => memoryMiB),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
