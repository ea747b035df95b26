import { asString } from "../../../core/json";
import { at, OPEN, type Known, type Resource, type Rule } from "../rule";
import { got, isAbsent, isOther, items, policyDocuments } from "../shape";

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];
const ANYWHERE = new Set(["0.0.0.0/0", "::/0"]);
const DOOR = "services are reached through the gateway alone";

/** What of a resource opens it to everybody. */
const CHECKS: Readonly<Record<string, (inputs: Known) => readonly string[]>> = {
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (inputs) =>
    BLOCKS.filter((key) => isOther(at(inputs, key), true)).map(
      (key) => `${key}: got ${got(at(inputs, key))}; allowed is true`,
    ),
  "aws:s3/bucket:Bucket": acl,
  "aws:s3/bucketAcl:BucketAcl": acl,
  "aws:s3/bucketAclV2:BucketAclV2": acl,
  "aws:rds/instance:Instance": (inputs) =>
    at(inputs, "publiclyAccessible") === true ? ["publiclyAccessible: got true; allowed is false"] : [],
  "aws:ec2/securityGroup:SecurityGroup": (inputs) =>
    items(at(inputs, "ingress")).flatMap((rule) =>
      fromAnywhere([...items(at(rule, "cidrBlocks")), ...items(at(rule, "ipv6CidrBlocks"))]),
    ),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (inputs) =>
    fromAnywhere([at(inputs, "cidrIpv4") ?? null, at(inputs, "cidrIpv6") ?? null]),
  "aws:eks/cluster:Cluster": (inputs) => {
    const open = at(inputs, "vpcConfig", "endpointPublicAccess");
    const from = items(at(inputs, "vpcConfig", "publicAccessCidrs"));
    return open === true && (from.length === 0 || fromAnywhere(from).length > 0)
      ? ["vpcConfig.endpointPublicAccess: got true for any address; allowed is false, or publicAccessCidrs of your own"]
      : [];
  },
  "kubernetes:core/v1:Service": (inputs) => {
    const type = at(inputs, "spec", "type");
    const outside = asString(type) === "LoadBalancer" || asString(type) === "NodePort";
    const ips = at(inputs, "spec", "externalIPs");
    return [
      ...(outside ? [`spec.type: got ${got(type)}; allowed is ClusterIP: ${DOOR}`] : []),
      ...(ips === OPEN || isAbsent(ips) ? [] : [`spec.externalIPs: allowed are none: ${DOOR}`]),
    ];
  },
};

export const noPublicAccess: Rule = {
  name: "no-public-access",
  description: "Nothing is open to everybody: no bucket, repository, key, port or cluster.",
  check: (resource) => [
    ...(resource.type.startsWith("aws:ecrpublic/") ? ["a public registry; allowed is a repository of aws.ecr"] : []),
    ...(CHECKS[resource.type]?.(resource.inputs) ?? []),
    ...openStatements(resource),
  ],
};

function acl(inputs: Known): readonly string[] {
  const value = asString(at(inputs, "acl"));
  return value !== undefined && /^(public-|authenticated-read)/.test(value)
    ? [`acl: got "${value}"; leave it out, the bucket's policy says who may`]
    : [];
}

const fromAnywhere = (cidrs: readonly Known[]): readonly string[] =>
  cidrs.flatMap((cidr) =>
    typeof cidr === "string" && ANYWHERE.has(cidr) ? [`open to ${cidr}; name the addresses that may`] : [],
  );

/** A statement that allows everybody, without a condition that says whom it means. */
function openStatements(resource: Resource): readonly string[] {
  return policyDocuments(resource).flatMap((document) => {
    const statements = at(document, "Statement");
    return (Array.isArray(statements) ? items(statements) : [statements ?? null]).flatMap((statement, index) => {
      if (at(statement, "Effect") !== "Allow" || at(statement, "Condition") !== undefined) return [];
      const everybody = [at(statement, "Principal"), at(statement, "Principal", "AWS")].some(
        (principal) => principal === "*" || items(principal).includes("*"),
      );
      return everybody ? [`policy statement ${index} allows everybody; name who may, or add a condition`] : [];
    });
  });
}
