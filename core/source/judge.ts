import type { Approval, ApprovedSources } from "./rules";

/** A tag of the commit, as git judged it. */
export interface TagSeen {
  readonly name: string;
  /** Who signed it with a listed key; `undefined` where nobody did. */
  readonly signer?: string;
  /** Why it does not count. */
  readonly problem?: string;
}

/** What git says of a folder. */
export type SourceSeen =
  /** No repository, no commit, or no git. */
  | { readonly kind: "unknown"; readonly why: string }
  | {
      readonly kind: "commit";
      readonly commit: string;
      /** What is checked out, for people: `branch main`, or `no branch`. */
      readonly head: string;
      /** Files that are not as the commit has them, some of them. */
      readonly changed: readonly string[];
      /** Approved branches whose own history has the commit. */
      readonly branches: readonly string[];
      /** Tags of the commit. */
      readonly tags: readonly TagSeen[];
    };

export type SourceVerdict =
  { readonly ok: true; readonly approval: Approval } | { readonly ok: false; readonly why: string };

/** @param what is asked about, for people: `drought-benefit`, `the program`. */
export function judgeSource(what: string, seen: SourceSeen, rules: ApprovedSources): SourceVerdict {
  if (seen.kind === "unknown")
    return refused(
      `${what}: git cannot say where it comes from (${seen.why}); deploy from a clone that has git's history`,
    );
  const { commit, head, changed, branches, tags } = seen;
  if (changed.length > 0) {
    const names = `${changed.slice(0, SHOWN).join(", ")}${changed.length > SHOWN ? " and others" : ""}`;
    return refused(
      `${what}: ${names} differ${changed.length === 1 ? "s" : ""} from commit ${commit} (${head}), and only what is committed can be approved; commit or remove ${changed.length === 1 ? "it" : "them"}`,
    );
  }
  const signed = tags.find(({ signer }) => signer !== undefined);
  if (signed?.signer !== undefined)
    return { ok: true, approval: { commit, ref: `tag ${signed.name}`, signer: signed.signer } };
  const [branch] = branches;
  if (branch !== undefined) return { ok: true, approval: { commit, ref: `branch ${branch}`, signer: null } };
  const unsigned = tags.map(({ name, problem = "is not signed" }) => `tag ${name} ${problem}`).join("; ");
  const allowed = [
    ...(rules.branches.length === 0 ? [] : [`a commit of ${rules.branches.join(" or ")}`]),
    ...(rules.signers === undefined ? [] : [`a tag signed by a key of ${rules.signers}`]),
  ].join(", or ");
  return refused(
    `${what}: commit ${commit} (${head}; ${unsigned === "" ? "no tag" : unsigned}; signer: nobody who is listed) is not approved; allowed is ${allowed}; have it merged there${rules.signers === undefined ? "" : ", or signed: git tag -s"}`,
  );
}

const SHOWN = 3;

const refused = (why: string): SourceVerdict => ({ ok: false, why });
