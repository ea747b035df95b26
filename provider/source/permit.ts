import { approvalText, type Approval } from "../../core/source/rules";
import type { Permit } from "../rollout/permit";

/** Forbids nothing: whoever moves was refused before. Says what vouches for the release, and so the ledger knows. */
export const sourcePermit =
  (approval: Approval | undefined): Permit =>
  ({ intent }) =>
    Promise.resolve(approval === undefined || intent === "rollback" ? undefined : approvalText(approval));
