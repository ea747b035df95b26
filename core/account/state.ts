/**
 * How far an agency's account is. `requested`: asked for in the commercial organization. `paired`: its GovCloud twin has
 * an id. `invited`: the GovCloud organization has taken it in. `baselined`: keys, buckets and roles are made.
 * `deployable`: releases may go there.
 */
export const ACCOUNT_STATES = ["requested", "paired", "invited", "baselined", "deployable"] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** Where an account may go from a state: one step on, or back to any earlier one. Nothing is skipped. */
export function mayBecome(from: AccountState, to: AccountState): boolean {
  return ACCOUNT_STATES.indexOf(to) <= ACCOUNT_STATES.indexOf(from) + 1;
}

/** The state after `state`; undefined after the last. */
export const nextState = (state: AccountState): AccountState | undefined =>
  ACCOUNT_STATES[ACCOUNT_STATES.indexOf(state) + 1];

/** Whether the organization has the account, so that somebody can be let in to make something there. */
export const isReachable = (state: AccountState): boolean =>
  ACCOUNT_STATES.indexOf(state) >= ACCOUNT_STATES.indexOf("invited");

/** Whether the account's keys, buckets and roles are this program's to keep. */
export const isBaselined = (state: AccountState): boolean =>
  ACCOUNT_STATES.indexOf(state) >= ACCOUNT_STATES.indexOf("baselined");

/** Whether a release may go there. */
export const isDeployable = (state: AccountState): boolean => state === "deployable";

/** What somebody has to do for the next state. */
export const TO_DO: Readonly<Record<AccountState, string>> = {
  requested: "wait until CreateGovCloudAccount has given it an id, and write that id",
  paired: "invite it into the GovCloud organization, and accept",
  invited: "make its roles and its state bucket: hms account bootstrap",
  baselined: "make its keys, buckets and registries: pulumi up; then set its state to deployable",
  deployable: "nothing",
};
