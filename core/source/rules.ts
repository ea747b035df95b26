import { z } from "zod";

/** What a stack may be deployed from. At least one of both is set. */
export interface ApprovedSources {
  /** Branches, as git's own patterns: `approved/*`. */
  readonly branches: readonly string[];
  /** File with the keys whose signed tags count: SSH's allowed signers, or OpenPGP keys in armor. Absolute. */
  readonly signers?: string;
}

/** The commit that is deployed, and what vouches for it. */
export const approvalSchema = z.strictObject({
  /** Full name of the commit. */
  commit: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/),
  /** `branch approved/main`, `tag v4`. */
  ref: z.string().min(1),
  /** Who signed the tag, with the key's fingerprint; `null` for a branch. */
  signer: z.string().min(1).nullable(),
});
export type Approval = Readonly<z.infer<typeof approvalSchema>>;

/** One line for the ledger. */
export const approvalText = ({ commit, ref, signer }: Approval): string =>
  `source approved: commit ${commit} on ${ref}, ${signer === null ? "a branch whose writers are its approvers" : `signed by ${signer}`}`;
