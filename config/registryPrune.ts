import { z } from "zod";
import { KEPT_RELEASES } from "../core/registry/retention";
import { anyText, duration, field, mapOf, mapWith, text, wholeNumber } from "../core/service/field";
import { LABEL_KEY, SECRET_NAME } from "../core/service/names";
import { CLUSTER } from "../platform/local/layout";
import { schedule, timeZone } from "./clock";
import type { Problem } from "../core/service/problem";
import { cidr } from "./snapshots";

const DAY = 86_400;

const flag = field({ allowed: "true or false", advice: "write one of the two without quotes" }, (value) =>
  typeof value === "boolean" ? { value } : undefined,
).transform(({ value }): boolean => value);

/** `hms:registryPrune` of a stack file. */
export const registryPruneSchema = mapWith({
  schedule,
  timeZone: timeZone.default("Etc/UTC"),
  apply: flag.default(false),
  keep: wholeNumber(0, 9999, "say how many releases stay though nobody uses them").default(KEPT_RELEASES),
  deadline: duration(60, DAY, "say how long one run may take").default(1800),
  credentials: text(SECRET_NAME).exactOptional(),
  kubeconfig: text(SECRET_NAME).exactOptional(),
  networks: z.array(cidr).exactOptional(),
  annotations: mapOf(LABEL_KEY, anyText("write the annotation's value")).default({}),
});

/** How the registries of a stack are pruned by themselves. */
export type RegistryPruneConfig = Readonly<z.output<typeof registryPruneSchema>>;

/** What no single key of it can know. */
export function registryPruneProblems({
  registryPrune,
  kubeContext,
  inCluster,
}: {
  readonly registryPrune?: RegistryPruneConfig;
  readonly kubeContext: string;
  readonly inCluster: { readonly image?: string };
}): readonly Problem[] {
  if (registryPrune === undefined || inCluster.image !== undefined || kubeContext === CLUSTER.context) return [];
  return [
    {
      path: ["inCluster", "image"],
      got: `nothing, with registryPrune and the context ${kubeContext}`,
      allowed: "the runner's image, by digest; the local platform alone makes its own",
      advice: "push it to a registry of that cluster (images/hms-runner) and write its digest",
    },
  ];
}
