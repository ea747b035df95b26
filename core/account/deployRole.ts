import { bucketArn, iamArn } from "../aws/arn";
import { type Account, DEPLOY_BOUNDARY, roleArnOf } from "./account";
import { policyDocument, type PolicyDocument, type Statement } from "./documents";
import { regional, SIGNER_ROLE } from "./names";

export const boundaryArn = ({ partition, id }: Account): string => iamArn(partition, id, `policy/${DEPLOY_BOUNDARY}`);

const allow = (Sid: string, Action: readonly string[], Resource: string | readonly string[]): Statement => ({
  ...{ Sid, Effect: "Allow", Action, Resource },
});
const deny = (
  Sid: string,
  Action: readonly string[],
  Resource: string | readonly string[],
  Condition?: Statement["Condition"],
): Statement => ({ Sid, Effect: "Deny", Action, Resource, ...(Condition === undefined ? {} : { Condition }) });

/** What the deploy role may do, `policy:deploy`: this program's own things, which are named `hms…`, and no others. */
export function deployPolicy(account: Account): PolicyDocument {
  const { partition, id } = account;
  return policyDocument(
    allow("Buckets", ["s3:*"], [bucketArn(partition, "hms-*"), bucketArn(partition, "hms-*", "*")]),
    // A key has no name that a policy could ask for: each key's own policy says who uses it.
    allow(
      "Keys",
      [
        ...["kms:CreateKey", "kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias", "kms:List*", "kms:Describe*"],
        ...["kms:Get*", "kms:PutKeyPolicy", "kms:EnableKey*", "kms:DisableKey*", "kms:UpdateKeyDescription"],
        ...["kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion"],
      ],
      "*",
    ),
    allow("Registries", ["ecr:*"], regional(account, "ecr", "repository/hms/*")),
    // A list of them can be had of a whole account alone.
    allow("RegistriesAreListed", ["ecr:DescribeRepositories"], regional(account, "ecr", "repository/*")),
    allow("RegistryLogin", ["ecr:GetAuthorizationToken", "ecr:*Registry*", "ecr:*Replication*"], "*"),
    allow("Logs", ["logs:*"], regional(account, "logs", "log-group:/hms/*")),
    allow("LogsAreListed", ["logs:DescribeLogGroups"], "*"),
    allow("Alarms", ["cloudwatch:*"], regional(account, "cloudwatch", "alarm:hms-*")),
    allow("Metrics", ["cloudwatch:PutMetricData", "cloudwatch:GetMetric*", "cloudwatch:Describe*"], "*"),
    allow("Topics", ["sns:*"], regional(account, "sns", "hms-*")),
    allow("Parameters", ["ssm:*"], regional(account, "ssm", "parameter/hms/*")),
    allow("ParametersAreListed", ["ssm:DescribeParameters"], "*"),
    allow("Clusters", ["eks:DescribeCluster", "eks:ListClusters"], "*"),
    allow("Roles", ["iam:*"], iamArn(partition, id, "role/hms-*")),
    allow("OwnIdentity", ["sts:GetCallerIdentity"], "*"),
    allow("Signing", ["sts:AssumeRole", "sts:TagSession"], iamArn(partition, id, `role/${SIGNER_ROLE}`)),
  );
}

/**
 * The bounds of the deploy role and of every role that it makes. A right that is not here is none, whoever grants it;
 * what is denied here stays denied.
 */
export function deployBoundary(account: Account): PolicyDocument {
  const { partition, id } = account;
  const bound = boundaryArn(account);
  const services = ["s3", "kms", "ecr", "logs", "cloudwatch", "sns", "ssm", "eks", "sts", "iam", "dynamodb", "events"];
  const others = iamArn(partition, id, "role/*");
  return policyDocument(
    allow(
      "ServicesOfDelivery",
      services.map((service) => `${service}:*`),
      "*",
    ),
    deny("NobodyGetsALastingKey", ["iam:*User*", "iam:*AccessKey*", "iam:*LoginProfile*", "iam:*Group*"], "*"),
    deny(
      "TheBoundaryStays",
      ["iam:CreatePolicyVersion", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion", "iam:*RolePermissionsBoundary"],
      [bound, roleArnOf(account)],
    ),
    deny(
      "TheOwnRoleStays",
      ["iam:PutRole*", "iam:AttachRole*", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole*"],
      [roleArnOf(account)],
    ),
    deny("NewRolesAreBoundToo", ["iam:CreateRole", "iam:PutRolePermissionsBoundary"], others, {
      StringNotEquals: { "iam:PermissionsBoundary": bound },
    }),
    deny("TheLedgerStaysLocked", ["s3:BypassGovernanceRetention"], "*"),
    deny("OnlyTheSignerSigns", ["kms:Sign"], "*", {
      ArnNotEquals: { "aws:PrincipalArn": iamArn(partition, id, `role/${SIGNER_ROLE}`) },
    }),
    deny(
      "OneRegion",
      ["s3:CreateBucket", "kms:CreateKey", "ecr:CreateRepository", "ssm:PutParameter", "sns:CreateTopic"],
      "*",
      { StringNotEquals: { "aws:RequestedRegion": account.region } },
    ),
  );
}

/** Name of the role's own policy: what a session of it is for. */
export const DEPLOY_POLICY_NAME = "policy-deploy";
