import type { Account } from "../account/account";
import { rootArn } from "../aws/arn";

/** Days that an image of a pull request is kept: nothing is ever deployed from its repository. */
export const PULL_REQUEST_DAYS = 14;

/** The deploy role may keep what is below `hms/` and nothing else. */
export const releaseRepository = (service: string): string => `hms/${service}`;
/** Of pull requests, so that retention by age has a place where it harms nobody. */
export const pullRequestRepository = (service: string): string => `hms/pr/${service}`;

type AccountId = Pick<Account, "partition" | "id">;

/** Who may pull, beside the registry's own account: nobody may push or delete from elsewhere. */
export const pullPolicy = (pullers: readonly AccountId[]): string =>
  documentText({
    Sid: "OtherAccountsPull",
    Effect: "Allow",
    Principal: { AWS: pullers.map(({ partition, id }) => rootArn(partition, id)) },
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  });

/** What another account's registry may copy into this one; repositories are made by this one's own stack. */
export const replicationPolicy = (sources: readonly AccountId[], repositories: string): string =>
  documentText({
    Sid: "OtherAccountsReplicate",
    Effect: "Allow",
    Principal: { AWS: sources.map(({ partition, id }) => rootArn(partition, id)) },
    Action: "ecr:ReplicateImage",
    Resource: repositories,
  });

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
