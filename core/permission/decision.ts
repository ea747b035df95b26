import { z } from "zod";
import type { PermissionFacts } from "./facts";

/** Carries to the provider, and so into the ledger, what was decided before the engine was started. */
export const PERMISSION_VARIABLE = "HMS_PERMISSION";

/** What may be asked for; the names are contract: grants in policy/rego/roles.json use them. */
export const ACTIONS = [
  ...(["deploy", "promote", "rollback", "abort", "take-over", "unlock", "chaos"] as const),
  ...(["freeze", "unfreeze", "break-glass"] as const),
  ...(["sandbox-create", "sandbox-extend", "sandbox-share", "sandbox-destroy", "sandbox-reap"] as const),
  ...(["snapshot-take", "snapshot-load", "snapshot-prune"] as const),
  ...(["prune", "bootstrap", "image-sign", "ledger-export", "tls-renew"] as const),
] as const;
export type Action = (typeof ACTIONS)[number];

/** How somebody has shown which role they act in; `none`: the variable HMS_ROLE says so. */
export type ProofKind = "oidc" | "aws" | "none";

/** What is asked: may this role do that, with this service, there? */
export interface PermissionAsked {
  readonly role: string;
  readonly action: Action;
  /** A service, a sandbox, an account or a repository of images. */
  readonly resource: string;
  readonly context: PermissionFacts & {
    /** `sandboxes` for what is done with a sandbox. */
    readonly stack: string;
    readonly proof: ProofKind;
    /** Whether a role that is not proven is worth nothing. */
    readonly mustProve: boolean;
    /** Whether the caller says that it cannot wait for a proof. */
    readonly emergency: boolean;
  };
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
