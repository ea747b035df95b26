import { parse } from "yaml";
import { z } from "zod";
import { controlId, familyOf } from "./baselines";

/** One replacement in one source file, after which the control does not work any more. */
export interface Break {
  /** From the project's root. */
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

/** A test that shows a control at work, and how to see that it notices when the control is broken. */
export interface Proof {
  /** With the names of what it stands in, as the report of a run has it; of several tests of a kind the beginning they share. */
  readonly test: string;
  /** From the project's root. */
  readonly file: string;
  readonly broken: Break;
}

/** A control that this program claims to meet, or to meet a part of. */
export interface Claim {
  readonly id: string;
  readonly title: string;
  /** What the program does for it. */
  readonly how: string;
  /** What is left to others; absent: nothing of what a program of this kind can do. */
  readonly remains?: string;
  readonly proofs: readonly Proof[];
  /** What an assessor can look at in a running installation. */
  readonly evidence: readonly string[];
}

/** Controls that are somebody else's duty altogether. */
export interface Duty {
  /** Whose: `agency`, `cloud provider`. */
  readonly whose: string;
  readonly why: string;
  /** Ids, or families. */
  readonly controls: ReadonlySet<string>;
}

export interface ControlMap {
  readonly claims: readonly Claim[];
  readonly duties: readonly Duty[];
}

const proof = z.strictObject({
  test: z.string().min(1),
  file: z.string().regex(/^test\/(unit|engine|e2e)\/.*\.test\.ts$/),
  broken: z.strictObject({ file: z.string(), from: z.string().min(1), to: z.string() }),
});

const schema = z.strictObject({
  claims: z.record(
    z.string().regex(/^[A-Z]{2}-\d+(\(\d+\))?$/),
    z.strictObject({
      title: z.string(),
      how: z.string(),
      remains: z.string().exactOptional(),
      // A claim without a test would be an opinion.
      proofs: z.array(proof).min(1),
      evidence: z.array(z.string()).default([]),
    }),
  ),
  duties: z.array(
    z.strictObject({
      whose: z.string(),
      why: z.string(),
      families: z.string().default(""),
      controls: z.string().default(""),
    }),
  ),
});

/** @param text of `controls.yaml`. @throws Error for a text of another form: the file is a part of the program. */
export function readControlMap(text: string): ControlMap {
  const { claims, duties } = schema.parse(parse(text));
  return {
    claims: Object.entries(claims).map(([name, { how, ...claim }]) => ({
      ...{ id: controlId(name), how: how.trim() },
      ...claim,
    })),
    duties: duties.map(({ whose, why, families, controls }) => ({
      ...{ whose, why: why.trim() },
      controls: new Set([...words(families), ...words(controls).map(controlId)]),
    })),
  };
}

export const dutyOf = (duties: readonly Duty[], id: string): Duty | undefined =>
  duties.find(({ controls }) => controls.has(id)) ?? duties.find(({ controls }) => controls.has(familyOf(id)));

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");
