import { OPEN, type Context, type Resource, type Rule } from "./rule";
import { allowedAccounts } from "./rules/allowedAccounts";
import { bothBackends } from "./rules/bothBackends";
import { drainSettings } from "./rules/drainSettings";
import { encryption } from "./rules/encryption";
import { fipsInProduction } from "./rules/fipsInProduction";
import { immutableTags } from "./rules/immutableTags";
import { noPlaintextSecrets } from "./rules/noPlaintextSecrets";
import { noPublicAccess } from "./rules/noPublicAccess";
import { partitionArns } from "./rules/partitionArns";
import { pinnedImages } from "./rules/pinnedImages";
import { productionGuards } from "./rules/productionGuards";
import { requiredLabels } from "./rules/requiredLabels";

export const PACK = "hms";

/** Every rule of the pack; all of them are mandatory. */
export const RULES: readonly Rule[] = [
  allowedAccounts,
  bothBackends,
  drainSettings,
  encryption,
  fipsInProduction,
  immutableTags,
  noPlaintextSecrets,
  noPublicAccess,
  partitionArns,
  pinnedImages,
  productionGuards,
  requiredLabels,
];

export interface Violation {
  readonly rule: Rule;
  readonly message: string;
}

/** Everything that any rule has against a resource. */
export function judge(resource: Resource, context: Context, rules: readonly Rule[] = RULES): readonly Violation[] {
  // Nothing at all is known of it: it comes back.
  if (resource.inputs === OPEN) return [];
  return rules.flatMap((rule) => rule.check(resource, context).map((message) => ({ rule, message })));
}
