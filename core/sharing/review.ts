import type { SandboxIdentity } from "../sandbox/identity";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";
import type { Access, Identity } from "./decide";

export const VERDICTS = ["approved", "rejected"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Longest comment, in characters. */
export const LONGEST_COMMENT = 2000;

/** What a reviewer said of a sandbox as it was then. */
export interface Review {
  readonly verdict: Verdict;
  /** Subject of who said it. */
  readonly who: string;
  readonly roles: readonly string[];
  readonly comment: string;
  /** ISO 8601. */
  readonly at: string;
  /** Of the sandbox: see `revisionOf`. */
  readonly revision: string;
}

/** What is reviewed: a sandbox with its data and its change. One that changed since was not reviewed. */
export const revisionOf = ({ name, createdAt, snapshot, changed }: SandboxIdentity): string =>
  sha256(canonicalJson({ name, createdAt: createdAt.toISOString(), snapshot, changed })).slice(0, 16);

/** Who may say something: whoever came in by a grant, but nobody who owns the sandbox (nobody judges their own change). */
export type MayReview =
  { readonly ok: true; readonly roles: readonly string[] } | { readonly ok: false; readonly why: string };

export function mayReview(access: Access, identity: Identity, sandbox: SandboxIdentity): MayReview {
  if (!access.allowed) return { ok: false, why: "only who was let in may decide" };
  const owns = access.as === "own" || [identity.subject, identity.email].includes(sandbox.owner);
  if (owns) return { ok: false, why: "the owner of a sandbox does not decide on it; somebody else has to" };
  return { ok: true, roles: access.roles };
}

/** Where the decision of one role stands. */
export interface Standing {
  readonly state: "approved" | "rejected" | "waiting";
  /** The newest word of each reviewer of that role, on what stands now. */
  readonly reviews: readonly Review[];
  /** Words on what the sandbox was before. */
  readonly outdated: number;
}

/**
 * What the reviewers of a role have decided: a later word of the same person counts in place of an earlier one, one
 * rejection outweighs every approval, and nobody's word is no approval.
 * @param reviews oldest first.
 */
export function standingOf(reviews: readonly Review[], role: string, revision: string): Standing {
  const ofRole = reviews.filter(({ roles }) => roles.includes(role));
  const current = ofRole.filter((review) => review.revision === revision);
  const latest = [...new Map(current.map((review) => [review.who, review])).values()];
  const has = (verdict: Verdict) => latest.some((review) => review.verdict === verdict);
  const state = has("rejected") ? "rejected" : has("approved") ? "approved" : "waiting";
  return { state, reviews: latest, outdated: ofRole.length - current.length };
}

/** The words of a form, or what is wrong with them. */
export function readReview(
  form: URLSearchParams,
):
  | { readonly ok: true; readonly verdict: Verdict; readonly comment: string }
  | { readonly ok: false; readonly why: string } {
  const verdict = VERDICTS.find((one) => one === form.get("verdict"));
  if (!verdict) return { ok: false, why: "Choose Approve or Reject." };
  // Line ends as people see them; what would not be seen at all is left out.
  const comment = (form.get("comment") ?? "").replace(/\r\n?/g, "\n").replace(UNSEEN, "").trim();
  if (comment.length > LONGEST_COMMENT)
    return {
      ok: false,
      why: `The comment has ${comment.length} characters; at most ${LONGEST_COMMENT} fit. Shorten it.`,
    };
  if (verdict === "rejected" && comment === "")
    return { ok: false, why: "Say why you reject it, so that it can be put right." };
  return { ok: true, verdict, comment };
}

/** Control characters but line ends and tabs, and marks that change the direction of the text after them. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
