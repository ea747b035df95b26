import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { previewDocument, type PreviewDocument } from "../core/preview/document";
import { loadStackFile } from "../config/stackFile";
import { readEnginePlan } from "../core/preview/enginePlan";
import { readEvents } from "../core/preview/events";
import { planFile, type PlanFile } from "../core/preview/planFile";
import type { PlanFacts } from "../core/preview/facts";
import { CancelledError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { keysOf } from "../provider/attest/keys";
import { scansOf } from "../provider/attest/scans";
import { factsIn } from "./applyPlan";
import type { Io } from "./command";
import { prepareForeign, type DeployWishes } from "./deploy";
import { nobodyIsAsked } from "./permission";
import { planSources } from "./planSources";
import { preview, reasonOf } from "./pulumi";

/** What was seen, and the plan that an update can be held to; none where the preview was refused. */
export interface Previewed {
  readonly document: PreviewDocument;
  readonly plan?: PlanFile;
}

/**
 * Previews one stack: on the real engine, by the program itself; changes nothing.
 * @throws CancelledError after Ctrl-C; what the program or the engine refuses stands in the document.
 */
export async function previewStack(stack: string, wishes: DeployWishes, io: Io): Promise<Previewed> {
  const root = projectRoot();
  const { env: prepared } = await prepareForeign(stack, io);
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-preview-"));
  try {
    const files = { engine: path.join(folder, "engine"), facts: path.join(folder, "facts") };
    const sources = planSources(root, stack);
    const env = { ...prepared, HMS_OVERRIDES: JSON.stringify(wishes), HMS_PLAN_FACTS: files.facts };
    io.err.write(`previewing ${stack}\n`);
    const { signing, ...config } = loadStackFile(root, stack);
    for (const line of nobodyIsAsked(config)) io.err.write(`${line}\n`);
    const call = { root, stack, env, signal: io.signal, onLine: () => undefined };
    const { code, lines } = await preview(call, files.engine);
    if (io.signal.aborted) throw new CancelledError(`cancelled: the preview of ${stack} changes nothing`);
    const facts = factsIn(files.facts) ?? { services: [] };
    const seen = readEvents(lines);
    if (code !== 0) {
      const failure = reasonOf(lines);
      return { document: previewDocument({ stack, digest: null, seen, facts, failure }) };
    }
    const engine = readEnginePlan(readFileSync(files.engine, "utf8"));
    const content = {
      version: 1 as const,
      stack,
      wishes: { ...wishes, tags: tagsOf(wishes, facts) },
      sources,
      facts,
      engine,
    };
    const plan = planFile(content, new Date());
    const scans = signing && (await scansOf(imagesAfter(facts), await keysOf(signing, io.env), io.signal));
    const document = previewDocument({ stack, digest: plan.digest, seen, facts, ...(scans && { scans }) });
    return document.result === "refused" ? { document } : { document, plan };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is live after the update, where it is built already. */
const imagesAfter = ({ services }: PlanFacts): readonly string[] =>
  services.flatMap(({ live, colors }) => colors.after[live.after]?.image ?? []);

/** The labels of what goes live: an update by the plan keeps them, whatever commit it runs on. */
const tagsOf = ({ tags = {} }: DeployWishes, { services }: PlanFacts): Readonly<Record<string, string>> => ({
  ...tags,
  ...Object.fromEntries(
    services.flatMap(({ name, kind, live, colors }) => {
      const tag = colors.after[live.after]?.tag;
      return ["first", "switch", "deploy"].includes(kind) && tag !== undefined ? [[name, tag]] : [];
    }),
  ),
});
