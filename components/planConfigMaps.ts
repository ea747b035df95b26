import type * as pulumi from "@pulumi/pulumi";
import { configMapNames, decideConfigMaps, type ConfigDecision } from "../core/configMap/decide";
import { COLORS, type Color } from "../core/rollout/color";
import type { RolloutPlan } from "../core/rollout/plan";
import { getConfigMaps, type RolloutAnswer } from "../provider/sdkFunctions";

export interface ConfigPlan extends ConfigDecision {
  /**
   * Colors whose pods read the mutable ConfigMap of their color, as an earlier version made them: they keep it until the
   * color gets another release, for another name would restart them.
   */
  readonly shared: readonly Color[];
}

/** Decides the ConfigMaps of one service from its plan, with what the cluster has of them. */
export async function planConfigMaps(
  { service, namespace }: { readonly service: string; readonly namespace: string },
  plan: RolloutPlan,
  rollout: RolloutAnswer,
  own: ReadonlyMap<string, Uint8Array> | undefined,
  provider: pulumi.ProviderResource,
): Promise<ConfigPlan> {
  const shared = COLORS.filter(
    (color) => color !== plan.changes && rollout.actual.colors[color]?.sharedConfigMap === true,
  );
  const names = configMapNames(service, { plan, shared });
  const found = names.length === 0 ? {} : await getConfigMaps({ service, namespace, names }, { provider });
  return { ...decideConfigMaps({ service, plan, own, found, shared }), shared };
}
