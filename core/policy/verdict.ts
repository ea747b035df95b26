import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What the policy pack found out about one resource, and about everything that the engine showed it before in the same
 * run. It counts for that run of that engine, and for exactly those inputs.
 */
export const verdictSchema = z.strictObject({
  version: z.literal(1),
  /** The pack that judged: the digest is of its program. */
  pack: z.strictObject({ name: z.string().min(1), version: z.string().min(1), digest }),
  /** The run: the engine's process, and the address at which it serves its plugins. */
  run: z.strictObject({ pid: z.number().int().positive(), address: z.string().min(1) }),
  stack: z.string(),
  preview: z.boolean(),
  urn: z.string().min(1),
  /** Digest of the resource's inputs. */
  inputs: digest,
  /** Resources that were judged in this run up to this one. */
  examined: z.number().int().min(1),
  /** What was found against any of them, in words; empty: nothing. */
  violations: z.array(z.string()),
  /** ISO 8601. */
  at: z.string(),
});
export type Verdict = Readonly<z.infer<typeof verdictSchema>>;

/** Names one set of inputs; secrets must be revealed, or both sides hash different wrappers. */
export const inputsDigest = (inputs: unknown): string => sha256(canonicalJson(inputs));

/** Whose verdict is wanted. */
export interface VerdictAsked {
  readonly run: Verdict["run"];
  readonly preview: boolean;
  readonly urn: string;
  readonly inputs: unknown;
}

/** Why a verdict allows nothing; `undefined` when it does. */
export function whyNoVerdict(verdict: Verdict | undefined, asked: VerdictAsked): string | undefined {
  const { run, preview, urn } = asked;
  if (!verdict) return "no policy pack has judged this plan";
  const same = verdict.run.pid === run.pid && verdict.run.address === run.address && verdict.preview === preview;
  if (!same || verdict.urn !== urn) return "the policy verdict that was found is of another run";
  if (verdict.inputs !== inputsDigest(asked.inputs)) return "the policy verdict that was found is of another plan";
  const [first] = verdict.violations;
  if (first === undefined) return undefined;
  const more = verdict.violations.length === 1 ? "" : ` (and ${verdict.violations.length - 1} more)`;
  return `the policy pack found: ${first}${more}`;
}

/** For a ledger: what judged, and how much of it. */
export function describeVerdict({ pack, examined }: Verdict): string {
  const resources = examined === 1 ? "1 resource" : `${examined} resources`;
  return `policy pack ${pack.name} ${pack.version} (sha256:${pack.digest}) found nothing against ${resources}`;
}
