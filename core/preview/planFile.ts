import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";
import { RefusedError } from "../../platform/errors";
import { decidedBy } from "./enginePlan";
import { factsSchema, heldTo } from "./facts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** What an update would be made of, told apart by hashes, so that a difference can be named and no value is repeated. */
export const sourcesSchema = z.strictObject({
  /** Folder or file of the program -> SHA-256 of its contents. */
  program: z.record(z.string(), hash),
  /** Key of the stack's file -> SHA-256 of its value. */
  configuration: z.record(z.string(), hash),
});

/** One-shot wishes of a command line, as HMS_OVERRIDES says them. */
const wishesSchema = z.record(z.string(), z.unknown());

const contentSchema = z.strictObject({
  version: z.literal(1),
  stack: z.string().min(1),
  wishes: wishesSchema,
  sources: sourcesSchema,
  facts: factsSchema,
  /** The engine's own plan; see enginePlan.ts. */
  engine: z.record(z.string(), z.unknown()),
});

const fileSchema = contentSchema.extend({ digest: z.string(), savedAt: z.iso.datetime() });

export type PlanSources = Readonly<z.infer<typeof sourcesSchema>>;
export type PlanContent = Readonly<z.infer<typeof contentSchema>>;
export type PlanFile = Readonly<z.infer<typeof fileSchema>>;

/**
 * Names a plan: the same for two previews that would do the same to the same world by the same program. What is approved
 * is this, never a file's name.
 */
export function planDigest({ version, stack, wishes, sources, facts, engine }: PlanContent): string {
  const held = { version, stack, wishes, sources, services: heldTo(facts), resources: decidedBy(engine) };
  return `sha256:${sha256(canonicalJson(held))}`;
}

export const planFile = (content: PlanContent, savedAt: Date): PlanFile => ({
  ...content,
  digest: planDigest(content),
  savedAt: savedAt.toISOString(),
});

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * @param where for messages.
 * @param approved digest that somebody approved; the plan must have it.
 * @throws RefusedError for a text that is no plan, that was changed after it was saved, or that nobody approved.
 */
export function readPlanFile(text: string, where: string, approved?: string): PlanFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RefusedError(`${where} is not JSON; make a plan with: hms preview --stack <name> --save <file>`);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RefusedError(
      `${where} is no plan of this version (${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}); make it again with hms preview --save`,
    );
  }
  const { digest, ...rest } = parsed.data;
  const real = planDigest(rest);
  if (real !== digest)
    throw new RefusedError(
      `${where} was changed after it was saved: it says ${digest}, its contents are ${real}; make the preview again`,
    );
  if (approved !== undefined && approved !== digest)
    throw new RefusedError(
      `${where} is the plan ${digest}, but ${approved} was approved; nothing is applied. Approve this one, or bring the file of the other`,
    );
  return parsed.data;
}

/** What of program and configuration is not as the plan was made from, one sentence each. */
export function sourceDifferences(planned: PlanSources, now: PlanSources): string[] {
  return [
    ...mapDifferences("program", planned.program, now.program),
    ...mapDifferences("configuration", planned.configuration, now.configuration),
  ];
}

function mapDifferences(
  what: string,
  planned: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...Object.keys(planned), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    if (planned[name] === now[name]) return [];
    const how =
      planned[name] === undefined
        ? "the plan was made without it"
        : now[name] === undefined
          ? "it is not there any more"
          : "it is another one than the plan was made with";
    return [`${what}: ${name}: ${how}`];
  });
}

/** The sentence with which a plan is refused. */
export const movedText = (digest: string, differences: readonly string[]): string =>
  [
    `plan ${digest} is not applied, for the world is not the one it was made for:`,
    ...differences.map((difference) => `  ${difference}`),
    "nothing was changed; make the preview again and have it approved",
  ].join("\n");
