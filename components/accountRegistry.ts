import {
  LifecyclePolicy,
  RegistryPolicy,
  ReplicationConfiguration,
  Repository,
  RepositoryPolicy,
} from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../core/account/account";
import { arnOf, dnsSuffixOf } from "../core/aws/arn";
import {
  pullPolicy,
  pullRequestLifecycle,
  pullRequestRepository,
  releaseRepository,
  replicationPolicy,
} from "../core/registry/documents";

export interface AccountRegistryArgs {
  readonly account: Account;
  /** ARN of the key that images are encrypted with. */
  readonly key: pulumi.Input<string>;
  /** Names of the services; each has a repository for releases, and one for pull requests. */
  readonly services: readonly string[];
  /** Accounts that may pull releases, of the same partition. @default none */
  readonly pullers?: readonly Account[];
  /** Accounts whose registries get a copy of each release. @default none */
  readonly replicas?: readonly Account[];
  /** Accounts whose registries put copies here. @default none */
  readonly sources?: readonly Account[];
  /** Whether images go with the stack; for stacks that are taken away. @default false */
  readonly emptied?: boolean;
}

/** Beside an image lie what is about it, under tags that grow: a second signature is added under the same one. */
const GROWING = [{ filter: "sha256-*", filterType: "WILDCARD" }];

/**
 * The images of one account, in ECR: tags that cannot be moved, all encrypted with the account's key and scanned when
 * they come. Releases have no rule of AWS' that takes any away, for none knows what is live: `hms registry prune` does.
 */
export class AccountRegistry extends pulumi.ComponentResource {
  /** Where images are pushed, without repository: `111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/hms`. */
  readonly address: string;

  constructor(name: string, args: AccountRegistryArgs, opts: pulumi.ComponentResourceOptions) {
    const { account, services, pullers = [], replicas = [], sources = [] } = args;
    const address = `${account.id}.dkr.ecr.${account.region}.${dnsSuffixOf(account.partition)}/hms`;
    super("hms:delivery:AccountRegistry", name, { address, services }, opts);
    this.address = address;
    const parent = { parent: this };
    for (const service of services) {
      const release = this.repository(`${name}-${service}`, releaseRepository(service), args);
      if (pullers.length > 0)
        new RepositoryPolicy(
          `${name}-${service}-pull`,
          { repository: release.name, policy: pullPolicy(pullers) },
          parent,
        );
      const pullRequests = this.repository(`${name}-${service}-pr`, pullRequestRepository(service), args);
      new LifecyclePolicy(
        `${name}-${service}-pr-lifecycle`,
        { repository: pullRequests.name, policy: pullRequestLifecycle() },
        parent,
      );
    }
    if (replicas.length > 0)
      new ReplicationConfiguration(
        `${name}-replication`,
        {
          replicationConfiguration: {
            rules: [
              {
                destinations: replicas.map(({ id, region }) => ({ registryId: id, region })),
                repositoryFilters: services.map((service) => ({
                  filter: releaseRepository(service),
                  filterType: "PREFIX_MATCH",
                })),
              },
            ],
          },
        },
        parent,
      );
    if (sources.length > 0) {
      const { partition, region, id } = account;
      const repositories = arnOf({ partition, service: "ecr", region, account: id, resource: "repository/hms/*" });
      new RegistryPolicy(`${name}-replicated`, { policy: replicationPolicy(sources, repositories) }, parent);
    }
    this.registerOutputs({ address });
  }

  private repository(name: string, repository: string, { key, emptied = false }: AccountRegistryArgs): Repository {
    return new Repository(
      name,
      {
        name: repository,
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: GROWING,
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }],
        imageScanningConfiguration: { scanOnPush: true },
        forceDelete: emptied,
      },
      { parent: this },
    );
  }
}
