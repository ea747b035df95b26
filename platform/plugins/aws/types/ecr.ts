import { isProperties, type Properties } from "../../../rpc";
import { documentKind, POLICY, REPLACE, retag, tagList, tagMap, TAGS, type Kind } from "../kind";
import { fromService, toService, type Shape } from "../shape";

const ENCRYPTION: Shape = { encryptionType: "encryptionType", kmsKey: "kmsKey" };
const SCANNING: Shape = { scanOnPush: "scanOnPush" };
const FILTERS: Shape = { filter: "filter", filterType: "filterType" };

const repository: Kind = {
  service: "ecr",
  name: { property: "name", longest: 256, clean: (name) => name.toLowerCase() },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    imageTagMutability: { default: "MUTABLE" },
    imageTagMutabilityExclusionFilters: { default: [], unordered: true, shape: FILTERS },
    imageScanningConfiguration: { default: { scanOnPush: false }, shape: SCANNING },
    encryptionConfigurations: { replace: true, computed: true, shape: ENCRYPTION },
    forceDelete: { default: false, local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateRepository",
    {
      repositoryName: wanted.name,
      imageTagMutability: wanted.imageTagMutability,
      ...exclusions(wanted.imageTagMutabilityExclusionFilters),
      imageScanningConfiguration: wanted.imageScanningConfiguration,
      encryptionConfiguration: Array.isArray(wanted.encryptionConfigurations)
        ? wanted.encryptionConfigurations[0]
        : undefined,
      tags: tagList(wanted.tagsAll),
    },
  ],
  id: (wanted) => wanted.name,
  reads: [
    {
      command: "DescribeRepositories",
      input: (id) => ({ repositoryNames: [id] }),
      take: (answer) => ({
        name: answer("repositories.0.repositoryName"),
        arn: answer("repositories.0.repositoryArn"),
        registryId: answer("repositories.0.registryId"),
        repositoryUrl: answer("repositories.0.repositoryUri"),
        imageTagMutability: answer("repositories.0.imageTagMutability"),
        imageTagMutabilityExclusionFilters:
          fromService(answer("repositories.0.imageTagMutabilityExclusionFilters"), FILTERS) ?? [],
        imageScanningConfiguration: {
          scanOnPush: answer("repositories.0.imageScanningConfiguration.scanOnPush") ?? false,
        },
        encryptionConfigurations: [
          fromService(answer("repositories.0.encryptionConfiguration"), ENCRYPTION) ?? { encryptionType: "AES256" },
        ],
      }),
    },
    {
      command: "ListTagsForResource",
      input: (_id, { arn }) => ({ resourceArn: arn }),
      take: (answer) => ({ tagsAll: tagMap(answer("tags")) }),
    },
  ],
  changes: [
    {
      properties: ["imageTagMutability", "imageTagMutabilityExclusionFilters"],
      calls: (id, wanted) => [
        [
          "PutImageTagMutability",
          {
            repositoryName: id,
            imageTagMutability: wanted.imageTagMutability,
            ...exclusions(wanted.imageTagMutabilityExclusionFilters),
          },
        ],
      ],
    },
    {
      properties: ["imageScanningConfiguration"],
      calls: (id, { imageScanningConfiguration }) => [
        ["PutImageScanningConfiguration", { repositoryName: id, imageScanningConfiguration }],
      ],
    },
    retag({
      tag: "TagResource",
      untag: "UntagResource",
      keys: "tagKeys",
      tags: "tags",
      of: (_id, { arn }) => ({ resourceArn: arn }),
    }),
  ],
  remove: (id, { forceDelete }) => [["DeleteRepository", { repositoryName: id, force: forceDelete === true }]],
};

const exclusions = (filters: unknown) =>
  Array.isArray(filters) && filters.length > 0 ? { imageTagMutabilityExclusionFilters: filters as unknown[] } : {};

const repositoryPolicy = documentKind({
  service: "ecr",
  of: "repository",
  inputs: { policy: POLICY },
  put: (id, { policy }) => ["SetRepositoryPolicy", { repositoryName: id, policyText: policy }],
  read: {
    command: "GetRepositoryPolicy",
    input: (id) => ({ repositoryName: id }),
    take: (answer, _where, id) => ({
      repository: id,
      registryId: answer("registryId"),
      policy: answer("policyText"),
    }),
  },
  remove: (id) => ["DeleteRepositoryPolicy", { repositoryName: id }],
});

const lifecyclePolicy = documentKind({
  service: "ecr",
  of: "repository",
  inputs: { policy: { document: "json", replace: true } },
  put: (id, { policy }) => ["PutLifecyclePolicy", { repositoryName: id, lifecyclePolicyText: policy }],
  read: {
    command: "GetLifecyclePolicy",
    input: (id) => ({ repositoryName: id }),
    take: (answer, _where, id) => ({
      repository: id,
      registryId: answer("registryId"),
      policy: answer("lifecyclePolicyText"),
    }),
  },
  remove: (id) => ["DeleteLifecyclePolicy", { repositoryName: id }],
});

const REPLICATION: Shape = {
  rules: [
    "rules",
    {
      destinations: ["destinations", { region: "region", registryId: "registryId" }],
      repositoryFilters: ["repositoryFilters", { filter: "filter", filterType: "filterType" }],
    },
  ],
};

const replicationConfiguration = documentKind({
  service: "ecr",
  inputs: { replicationConfiguration: { shape: REPLICATION, default: { rules: [] } } },
  put: (_id, { replicationConfiguration: wanted }) => [
    "PutReplicationConfiguration",
    { replicationConfiguration: toService(wanted, REPLICATION) },
  ],
  read: {
    command: "DescribeRegistry",
    input: () => ({}),
    take(answer) {
      const found = fromService(answer("replicationConfiguration"), REPLICATION);
      const rules = isProperties(found) ? found.rules : undefined;
      // An account always has one; without a rule it is as if nobody had ever made it.
      if (!Array.isArray(rules) || rules.length === 0) return undefined;
      const plain = rules.map((rule) => (isProperties(rule) ? withoutEmpty(rule) : rule));
      return { registryId: answer("registryId"), replicationConfiguration: { rules: plain } };
    },
  },
  remove: () => ["PutReplicationConfiguration", { replicationConfiguration: { rules: [] } }],
});

const withoutEmpty = (rule: Properties): Properties =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => !Array.isArray(value) || value.length > 0));

const registryPolicy = documentKind({
  service: "ecr",
  inputs: { policy: POLICY },
  put: (_id, { policy }) => ["PutRegistryPolicy", { policyText: policy }],
  read: {
    command: "GetRegistryPolicy",
    input: () => ({}),
    take: (answer) => ({ registryId: answer("registryId"), policy: answer("policyText") }),
  },
  remove: () => ["DeleteRegistryPolicy", {}],
});

const RULES: Shape = {
  scanFrequency: "scanFrequency",
  repositoryFilters: ["repositoryFilters", { filter: "filter", filterType: "filterType" }],
};

const registryScanningConfiguration = documentKind({
  service: "ecr",
  inputs: { scanType: {}, rules: { default: [], unordered: true, shape: RULES } },
  put: (_id, { scanType, rules }) => ["PutRegistryScanningConfiguration", { scanType, rules: toService(rules, RULES) }],
  read: {
    command: "GetRegistryScanningConfiguration",
    input: () => ({}),
    take: (answer) => ({
      registryId: answer("registryId"),
      scanType: answer("scanningConfiguration.scanType"),
      rules: fromService(answer("scanningConfiguration.rules"), RULES) ?? [],
    }),
  },
  remove: () => ["PutRegistryScanningConfiguration", { scanType: "BASIC", rules: [] }],
});

export const ECR: Readonly<Record<string, Kind>> = {
  "aws:ecr/repository:Repository": repository,
  "aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryPolicy,
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": lifecyclePolicy,
  "aws:ecr/replicationConfiguration:ReplicationConfiguration": replicationConfiguration,
  "aws:ecr/registryPolicy:RegistryPolicy": registryPolicy,
  "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": registryScanningConfiguration,
};
