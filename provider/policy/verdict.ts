import { PERMISSION_VARIABLE } from "../../core/permission/decision";
import { describeVerdict, whyNoVerdict } from "../../core/policy/verdict";
import { reveal, type Properties, type ResourceOperation } from "../../platform/rpc";
import { readVerdict, verdictFolder } from "../../platform/verdicts";
import { Refusal } from "../rollout/errors";
import type { SwitchInputs } from "../resources/inputs";
import type { Permit } from "../rollout/permit";

/** What is about to be done with a switch. */
export interface SwitchOperation extends Pick<ResourceOperation, "urn" | "name" | "engine"> {
  readonly inputs: Properties;
  readonly preview: boolean;
}

/**
 * The policy pack's verdict on this plan, in words for the ledger; `undefined` where nothing judged it. The pack's process
 * left it a moment ago: the engine asks the pack about a resource right before it lets the provider work on it.
 * @throws Refusal in production without a verdict that finds nothing, in a preview already. Whoever goes back is never
 *   stopped.
 */
export function policyVerdict(
  { production = false, intent }: Pick<SwitchInputs, "production" | "intent">,
  { urn, name, engine = "", inputs, preview }: SwitchOperation,
): string | undefined {
  const run = { pid: process.ppid, address: engine };
  const verdict = readVerdict(verdictFolder(), { run, urn });
  const why = whyNoVerdict(verdict, { run, preview, urn, inputs: reveal(inputs) });
  if (why === undefined) return verdict && describeVerdict(verdict);
  if (production && intent === "deploy")
    throw new Refusal(
      `${name}: ${why}, and in production nothing moves without it (hms:production). Deploy with hms-deploy, or run ` +
        `pulumi under \`eval "$(bin/hms env)"\`, which loads the pack. No traffic was moved, nothing is held`,
    );
  return undefined;
}

/**
 * Sees to it that somebody was asked who may deploy, where the stack says how a role is proven. hms-deploy asks, before it
 * starts the engine; a preview changes nothing, and is for everybody.
 * @throws Refusal where nobody was. Whoever goes back is never stopped here.
 */
export function mustBeAsked(
  { permission = false, intent }: Pick<SwitchInputs, "permission" | "intent">,
  { name, preview }: Pick<SwitchOperation, "name" | "preview">,
): void {
  if (!permission || preview || intent !== "deploy" || (process.env[PERMISSION_VARIABLE] ?? "") !== "") return;
  throw new Refusal(
    `${name}: nobody was asked for a role that may deploy, and nothing moves without (hms:permission). Deploy with ` +
      "hms-deploy, which asks. No traffic was moved, nothing is held",
  );
}

/** Hands on to the ledger what was decided about the plan: who may carry it out, and that nothing is found against it. */
export const verdictPermit =
  (verdict: string | undefined): Permit =>
  () => {
    const said = [process.env[PERMISSION_VARIABLE] ?? "", verdict ?? ""].filter((text) => text !== "");
    return Promise.resolve(said.length === 0 ? undefined : said.join("; "));
  };
