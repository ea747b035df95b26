import { asObject, asString } from "../../../core/json";
import { partitionOf, PARTITIONS, type Partition } from "../../../core/aws/arn";
import { foreignArns } from "../../../core/aws/partitionLint";
import { at, type Context, type Resource, type Rule } from "../rule";

/** The one partition that a resource belongs to: its provider's, else that of all accounts of the stack, if it is one. */
function partitionFor({ type, inputs, provider }: Resource, { config }: Context): Partition | undefined {
  const own =
    type === "pulumi:providers:aws" ? inputs : provider?.type === "pulumi:providers:aws" ? provider.inputs : null;
  const region = asString(at(own, "region"));
  if (region !== undefined) return partitionOf(region);
  const accounts = Object.values(asObject(config.accounts) ?? {}).map((account) => {
    const { partition, region: home } = asObject(account) ?? {};
    return PARTITIONS.find((one) => one === partition) ?? partitionOf(asString(home) ?? "");
  });
  const [first] = accounts;
  return accounts.every((one) => one === first) ? first : undefined;
}

export const partitionArns: Rule = {
  name: "partition-arns",
  description: "Every ARN in a rendered document is of the partition that the document is for.",
  check(resource, context) {
    const partition = partitionFor(resource, context);
    if (partition === undefined) return [];
    return foreignArns(resource.inputs, partition).map(
      ({ path, arn, reason }) =>
        `${path.join(".")}: got ${arn}: ${reason}; make it with arnOf and the account's partition (core/aws/arn.ts)`,
    );
  },
};
