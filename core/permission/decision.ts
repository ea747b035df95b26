import { z } from "zod";

/** Carries to the provider, and so into the ledger, what was decided before the engine was started. */
export const PERMISSION_VARIABLE = "HMS_PERMISSION";

/** What is asked: may this role do that, with this service, there? */
export interface PermissionAsked {
  readonly role: string;
  readonly action: "deploy";
  /** A service. */
  readonly resource: string;
  readonly context: { readonly stack: string };
}

/** The policy's answer; it has a reason for each no. */
const decisionSchema = z.strictObject({ allow: z.boolean(), reasons: z.array(z.string()) });
export type Decision = Readonly<z.infer<typeof decisionSchema>>;

/** What an evaluation gave, read. Nothing, an undefined rule, or something else than a decision is a no. */
export function decisionOf(result: unknown): Decision {
  const parsed = z.tuple([z.looseObject({ result: decisionSchema })]).safeParse(result);
  if (!parsed.success) return { allow: false, reasons: ["the permission policy gave no decision"] };
  const [{ result: decision }] = parsed.data;
  return decision.allow && decision.reasons.length > 0 ? { ...decision, allow: false } : decision;
}
