import { Provider } from "@pulumi/aws/provider";
import type * as pulumi from "@pulumi/pulumi";
import { type Account, type AwsReach, roleArnOf, sessionName, sessionTags } from "../core/account/account";

/** Services that the program calls, as the provider names their endpoints. */
const ENDPOINTS = [
  ...["cloudwatch", "cloudwatchlogs", "dynamodb", "ecr", "eks", "eventbridge", "iam", "kms", "s3"],
  ...["secretsmanager", "sns", "ssm", "sts"],
];

/**
 * The provider of one account, and of no other: it takes on the account's role, and refuses to be configured where the
 * caller then is in another account. Nothing comes from the environment but the credentials that the role trusts.
 */
export function accountProvider(
  name: string,
  account: Account,
  reach: AwsReach,
  stack: string,
  opts: pulumi.ResourceOptions,
): Provider {
  const { endpoint } = reach;
  return new Provider(
    name,
    {
      region: account.region,
      allowedAccountIds: [account.id],
      assumeRoles: [
        {
          roleArn: roleArnOf(account),
          sessionName: sessionName(stack),
          tags: sessionTags(stack, account),
          ...(account.externalId === undefined ? {} : { externalId: account.externalId }),
        },
      ],
      defaultTags: { tags: { "hms:managed-by": "hms-delivery", "hms:stack": stack, "hms:account": account.name } },
      ...(endpoint === undefined
        ? { useFipsEndpoint: reach.fips }
        : {
            endpoints: [Object.fromEntries(ENDPOINTS.map((service) => [service, endpoint]))],
            // A bucket's name cannot be put in front of an emulator's host.
            s3UsePathStyle: true,
          }),
    },
    opts,
  );
}
