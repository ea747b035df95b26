import { z } from "zod";
import { type Account, type AwsReach, DEPLOY_ROLE, type LedgerLock } from "../core/account/account";
import { ACCOUNT_STATES } from "../core/account/state";
import { PARTITIONS, partitionOf } from "../core/aws/arn";
import { field, mapOf, mapWith, oneOf, readBy, text, wholeNumber } from "../core/service/field";
import { DNS_LABEL } from "../core/service/names";
import { describeValue, type Problem } from "../core/service/problem";

/** Logical name of an account: part of the names of its resources. */
export const ACCOUNT_NAME = {
  pattern: /^[a-z][a-z0-9-]{0,30}$/,
  allowed: "at most 31 lower-case letters, digits and hyphens, beginning with a letter",
  advice: "choose such a name, the agency in short: usda",
} as const;

const ACCOUNT_ID = {
  pattern: /^\d{12}$/,
  allowed: "an account id of 12 digits, in quotes",
  advice: 'write it as the organization shows it, for example "123456789012"',
} as const;

const region = text({
  pattern: /^[a-z]{2}(-gov)?-[a-z]+-\d$/,
  allowed: "an AWS region such as us-gov-west-1",
  advice: "write the region that the account's keys, buckets and clusters are in",
});

const pullRole = text({
  pattern: /^[\w+=,.@/-]{1,128}$/,
  allowed: "the name of a role (letters, digits and +=,.@/_-), with its path if it has one, without its ARN",
  advice: "write the role of the cluster's nodes, which pulls images, or leave it out",
}).exactOptional();

const eks = mapWith({
  eks: text({
    pattern: /^[0-9A-Za-z][\w-]{0,99}$/,
    allowed: "the name of an EKS cluster of the account (letters, digits, hyphens and underscores)",
    advice: "write it as `aws eks list-clusters` shows it",
  }),
  pullRole,
});

const context = mapWith({
  kubeContext: text({
    pattern: /^\S+$/,
    allowed: "the name of a context of the kubeconfig",
    advice: "write a name that `kubectl config get-contexts` lists",
  }),
  namespace: text({ ...DNS_LABEL, advice: "write the namespace that stands in for the account's" }).exactOptional(),
  pullRole,
});

/** `{ eks: NAME }`, or `{ kubeContext: NAME, namespace: NAME }`; which one is said by the key that is there. */
const cluster = z.unknown().transform((value, issues): Account["clusters"][string] => {
  const keys = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  if (keys.includes("eks") !== keys.includes("kubeContext"))
    return readBy<Account["clusters"][string]>(keys.includes("eks") ? eks : context, value, issues) ?? z.NEVER;
  const got = keys.includes("eks") ? "a map with both eks and kubeContext" : describeValue(value);
  const params = {
    got,
    allowed: "a map with exactly one of eks and kubeContext",
    advice: "write { eks: <name> } for a cluster of the account, or { kubeContext: <name>, namespace: <name> }",
  };
  issues.addIssue({ code: "custom", params });
  return z.NEVER;
});

const accountSchema = mapWith({
  id: text(ACCOUNT_ID),
  commercialId: text(ACCOUNT_ID).exactOptional(),
  partition: oneOf(PARTITIONS, "leave it out, for the region says it").exactOptional(),
  region,
  role: text({
    pattern: /^[\w+=,.@-]{1,64}$/,
    allowed: "the name of a role (letters, digits and +=,.@_-), without its path and ARN",
    advice: `leave it out for ${DEPLOY_ROLE}`,
  }).default(DEPLOY_ROLE),
  externalId: text({
    pattern: /^[\w+=,.@:/-]{2,1224}$/,
    allowed: "an external id (2 to 1224 letters, digits and +=,.@:/_-)",
    advice: "write what the role's trust policy asks for, or leave it out",
  }).exactOptional(),
  state: oneOf(ACCOUNT_STATES, "say how far the account is; only a deployable one gets releases"),
  clusters: mapOf({ ...DNS_LABEL, advice: "name the cluster; services go to main" }, cluster).default({}),
  registry: text({
    pattern: /^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:\d{1,5})?$/,
    allowed: "host:port of a registry",
    advice: "leave it out for the account's ECR",
  }).exactOptional(),
  replicateTo: z.array(text(ACCOUNT_NAME)).exactOptional(),
});

type AccountEntry = Readonly<z.output<typeof accountSchema>>;

/** `hms:accounts` of a stack file. */
export const accountsSchema = mapOf(ACCOUNT_NAME, accountSchema).default({});

const flag = field({ allowed: "true or false", advice: "write one of the two without quotes" }, (value) =>
  typeof value === "boolean" ? { value } : undefined,
).transform(({ value }): boolean => value);

/** `hms:aws` of a stack file. */
export const awsSchema = mapWith({
  endpoint: field(
    {
      allowed: "the http or https address of an emulator of AWS, without a path",
      advice: "leave it out for AWS itself; `hms local up --aws` starts an emulator",
    },
    (value) => {
      if (typeof value !== "string" || !URL.canParse(value)) return undefined;
      const url = new URL(value);
      const bare = url.pathname === "/" && `${url.username}${url.password}${url.search}${url.hash}` === "";
      return bare && /^https?:$/.test(url.protocol) ? value.replace(/\/$/, "") : undefined;
    },
  ).exactOptional(),
  fips: flag.exactOptional(),
  ledgerLock: mapWith({
    mode: oneOf(
      ["governance", "compliance"],
      "compliance: nobody at all may delete an entry; governance: who has a right of his own may",
    ),
    days: wholeNumber(1, 36_500, "say for how many days an entry of the ledger is locked"),
  }).exactOptional(),
}).default({});

export interface AwsValues {
  readonly accounts: Readonly<Record<string, AccountEntry>>;
  readonly aws: Readonly<z.output<typeof awsSchema>>;
}

/** How AWS is reached: by its FIPS endpoints, unless an emulator stands in. */
export const awsReach = ({ endpoint, fips }: AwsValues["aws"]): AwsReach => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  fips: fips ?? endpoint === undefined,
});

/** Three years, as audit records of federal systems are kept; an emulator's are locked for a day, by a lock that opens. */
const LOCKED: LedgerLock = { mode: "compliance", days: 1096 };
const EMULATED: LedgerLock = { mode: "governance", days: 1 };

/** How the ledgers of the stack's accounts are locked. */
export const ledgerLockOf = ({ endpoint, ledgerLock }: AwsValues["aws"]): LedgerLock =>
  ledgerLock ?? (endpoint === undefined ? LOCKED : EMULATED);

/** The registered accounts, sorted by name. */
export const accountsOf = ({ accounts }: AwsValues): readonly Account[] =>
  Object.entries(accounts)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, entry]) => ({ name, ...entry, partition: entry.partition ?? partitionOf(entry.region) }));

/** What no single key of `hms:accounts` and `hms:aws` can know: how they stand to each other. */
export function accountProblems({ accounts, aws }: AwsValues): readonly Problem[] {
  const entries = Object.entries(accounts);
  const first = new Map<string, string>();
  const problems = entries.flatMap(([name, entry]) => {
    const other = first.get(entry.id);
    if (other === undefined) first.set(entry.id, name);
    return [
      ...(other === undefined ? [] : [sameId(name, entry.id, other)]),
      ...entryProblems(name, entry),
      ...replicaProblems(name, entry, Object.keys(accounts)),
    ];
  });
  return [...problems, ...reachProblems(aws), ...partitionProblems(entries)];
}

function entryProblems(name: string, entry: AccountEntry): readonly Problem[] {
  const problems: Problem[] = [];
  const real = partitionOf(entry.region);
  if (entry.partition !== undefined && entry.partition !== real)
    problems.push({
      path: ["accounts", name, "partition"],
      got: `${entry.partition} with the region ${entry.region}`,
      allowed: `${real}, the partition of that region`,
      advice: "leave it out, or correct the region",
    });
  if (entry.state === "deployable" && entry.clusters.main === undefined)
    problems.push({
      path: ["accounts", name, "clusters", "main"],
      got: "nothing, for a deployable account",
      allowed: "a map with exactly one of eks and kubeContext",
      advice: "say where its services go, or set its state to baselined",
    });
  return problems;
}

function replicaProblems(
  name: string,
  { replicateTo = [] }: AccountEntry,
  names: readonly string[],
): readonly Problem[] {
  const others = names.filter((other) => other !== name);
  return replicateTo.flatMap((to, index): Problem[] =>
    others.includes(to) && replicateTo.indexOf(to) === index
      ? []
      : [
          {
            path: ["accounts", name, "replicateTo", index],
            got: to === name ? `${describeValue(to)}, the account itself` : describeValue(to),
            allowed:
              others.length === 0 ? "nothing, for the stack has no other account" : `one of ${others.join(", ")}, once`,
            advice: "name the accounts whose registries get a copy of each release, or leave it out",
          },
        ],
  );
}

const sameId = (name: string, id: string, other: string): Problem => ({
  path: ["accounts", name, "id"],
  got: `${describeValue(id)}, which ${other} has already`,
  allowed: "an account id that no other account of the stack has",
  advice: "correct one of the two, or remove it",
});

function reachProblems({ endpoint, fips }: AwsValues["aws"]): readonly Problem[] {
  if (endpoint !== undefined && fips === true)
    return [
      {
        path: ["aws", "fips"],
        got: "true together with an endpoint",
        allowed: "false with an endpoint: the SDK takes a FIPS endpoint or a given one, not both",
        advice: "leave it out: it is on without an endpoint, and off with one",
      },
    ];
  if (endpoint === undefined && fips === false)
    return [
      {
        path: ["aws", "fips"],
        got: "false without an endpoint",
        allowed: "true for AWS itself",
        advice: "leave it out; only an emulator is reached without FIPS",
      },
    ];
  return [];
}

/** Roles, keys and images do not cross partitions, so a stack is of one. */
function partitionProblems(entries: readonly (readonly [string, AccountEntry])[]): readonly Problem[] {
  const [first, ...others] = entries.map(([name, { region }]) => ({ name, region, partition: partitionOf(region) }));
  const other = others.find(({ partition }) => partition !== first?.partition);
  if (first === undefined || other === undefined) return [];
  return [
    {
      path: ["accounts", other.name, "region"],
      got: `${other.region}, of the partition ${other.partition}`,
      allowed: `a region of ${first.partition}, as ${first.name} has: roles and keys do not cross partitions`,
      advice: "give it a stack of its own",
    },
  ];
}
