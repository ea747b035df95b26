import {
  LifecyclePolicy,
  RegistryPolicy,
  ReplicationConfiguration,
  Repository,
  RepositoryPolicy,
} from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../core/account/account";
import { arnOf } from "../core/aws/arn";
import {
  type Puller,
  pullPolicy,
  pullRequestLifecycle,
  pullRequestRepository,
  registryAddress,
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
  readonly pullers?: readonly Puller[];
  /** Accounts whose registries get a copy of each release. @default none */
  readonly replicas?: readonly Account[];
  /** Accounts whose registries put copies here. @default none */
  readonly sources?: readonly Account[];
  /** Repositories of releases that an earlier life of the stack has left: they are taken up again. @default none */
  readonly left?: readonly string[];
}

/** Beside an image lie what is about it, under tags that grow: a second signature is added under the same one. */
const GROWING = [{ filter: "sha256-*", filterType: "WILDCARD" }];

/**
 * The images of one account, in ECR: tags that cannot be moved, all encrypted with the account's key and scanned when
 * they come. Releases have no rule of AWS' that takes any away, for none knows what is live: `hms registry prune` does.
 * They outlive the stack, for the ledger names them; images of pull requests go with it.
 */
export class AccountRegistry extends pulumi.ComponentResource {
  /** Where images are pushed, without repository: `111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/hms`. */
  readonly address: string;

  constructor(name: string, args: AccountRegistryArgs, opts: pulumi.ComponentResourceOptions) {
    const { account, services, pullers = [], replicas = [], sources = [] } = args;
    const address = registryAddress(account);
    super("hms:delivery:AccountRegistry", name, { address, services }, opts);
    this.address = address;
    const parent = { parent: this };
    for (const service of services) {
      const release = this.releases(`${name}-${service}`, releaseRepository(service), args);
      if (pullers.length > 0)
        new RepositoryPolicy(
          `${name}-${service}-pull`,
          { repository: release.name, policy: pullPolicy(pullers) },
          parent,
        );
      const pullRequests = new Repository(
        `${name}-${service}-pr`,
        { ...repositoryArgs(pullRequestRepository(service), args), forceDelete: true },
        parent,
      );
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
      const arn = (resource: string) => arnOf({ partition, service: "ecr", region, account: id, resource });
      const repositories = services.map((service) => arn(`repository/${releaseRepository(service)}`));
      new RegistryPolicy(`${name}-replicated`, { policy: replicationPolicy(sources, repositories) }, parent);
    }
    this.registerOutputs({ address });
  }

  private releases(name: string, repository: string, args: AccountRegistryArgs): Repository {
    const isLeft = args.left?.includes(repository) ?? false;
    return new Repository(name, repositoryArgs(repository, args), {
      parent: this,
      // Who goes back after a destroy needs the images, and the ledger's proof is about them.
      retainOnDelete: true,
      ...(isLeft ? { import: repository } : {}),
    });
  }
}

const repositoryArgs = (name: string, { key }: AccountRegistryArgs) => ({
  name,
  imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
  imageTagMutabilityExclusionFilters: GROWING,
  encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }],
  imageScanningConfiguration: { scanOnPush: true },
});
