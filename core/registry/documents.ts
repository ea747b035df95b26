import { type Account, roleArnOf } from "../account/account";
import { policyDocument, type PolicyDocument } from "../account/documents";
import { arnOf, dnsSuffixOf, iamArn, rootArn } from "../aws/arn";

/** Days that an image of a pull request is kept: nothing is ever deployed from its repository. */
export const PULL_REQUEST_DAYS = 14;

/** Below it is all that the deploy role may keep. */
export const REPOSITORIES = "hms/";
export const releaseRepository = (service: string): string => `${REPOSITORIES}${service}`;
/** Of pull requests, so that retention by age has a place where it harms nobody. */
export const pullRequestRepository = (service: string): string => `${REPOSITORIES}pr/${service}`;

/** Where the images of an account are, without repository: `111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/hms`. */
export const registryAddress = ({ partition, region, id }: Pick<Account, "partition" | "region" | "id">): string =>
  `${id}.dkr.ecr.${region}.${dnsSuffixOf(partition)}/hms`;

type AccountId = Pick<Account, "partition" | "id">;

/** An account that pulls from another's registry. */
export type Puller = Pick<Account, "partition" | "id" | "role" | "clusters">;

/**
 * Who may pull, beside the registry's own account: of each account the role that verifies images before it delivers them,
 * and those that its clusters pull by. Nobody else of it, and nobody may push or delete from elsewhere.
 */
export const pullPolicy = (pullers: readonly Puller[]): string =>
  documentText({
    Sid: "OtherAccountsPull",
    Effect: "Allow",
    Principal: { AWS: pullers.map(({ partition, id }) => rootArn(partition, id)) },
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    // As a condition: AWS refuses a principal that is not there yet, and forgets one that was made anew.
    Condition: { ArnEquals: { "aws:PrincipalArn": pullers.flatMap(rolesThatPull) } },
  });

function rolesThatPull(puller: Puller): readonly string[] {
  const { partition, id, clusters } = puller;
  const named = Object.values(clusters).flatMap(({ pullRole }) => pullRole ?? []);
  return [roleArnOf(puller), ...new Set(named.map((role) => iamArn(partition, id, `role/${role}`)))];
}

/**
 * What other accounts' registries may copy into this one; repositories are made by this one's own stack.
 * @param repositories ARNs.
 */
export const replicationPolicy = (sources: readonly AccountId[], repositories: readonly string[]): string =>
  documentText({
    Sid: "OtherAccountsReplicate",
    Effect: "Allow",
    Principal: { AWS: sources.map(({ partition, id }) => rootArn(partition, id)) },
    Action: "ecr:ReplicateImage",
    Resource: repositories,
  });

/** What a session that prunes may do of what the deploy role may: look, and remove images where it is to. */
export function prunePolicy(account: Pick<Account, "partition" | "region" | "id">, apply: boolean): PolicyDocument {
  const { partition, region, id } = account;
  const resource = `repository/${REPOSITORIES}*`;
  return policyDocument(
    {
      Sid: "Images",
      Effect: "Allow",
      Action: ["ecr:DescribeImages", "ecr:BatchGetImage", ...(apply ? ["ecr:BatchDeleteImage"] : [])],
      Resource: arnOf({ partition, service: "ecr", region, account: id, resource }),
    },
    { Sid: "Clusters", Effect: "Allow", Action: "eks:DescribeCluster", Resource: "*" },
  );
}

/** For repositories of pull requests alone: a rule that counts or ages knows nothing of what is live. */
export const pullRequestLifecycle = (days = PULL_REQUEST_DAYS): string =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: `Images of pull requests go after ${days} days`,
        selection: { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: days },
        action: { type: "expire" },
      },
    ],
  });

const documentText = (statement: object): string => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
