import { asArray, asObject, asString, path } from "../json";
import { parseArn, rootArn, type Partition } from "./arn";

/** Who asks to take on a role, and with what. */
export interface Asker {
  /** Of the caller: a user, a role's session. */
  readonly arn: string;
  readonly account: string;
  readonly partition: Partition;
  readonly externalId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/**
 * Whether a role's trust policy lets somebody take it on, as far as account, external id and session tags go; other
 * conditions are taken as met. For emulators, which let in everybody.
 * @param document the policy's text.
 */
export function trusts(document: string, asker: Asker): boolean {
  const statements = path(JSON.parse(document), "Statement");
  const list = Array.isArray(statements) ? statements : [statements];
  const matching = list.filter((one) => isMeant(one, asker));
  return (
    matching.some((one) => path(one, "Effect") === "Allow") && !matching.some((one) => path(one, "Effect") === "Deny")
  );
}

const texts = (value: unknown): readonly string[] =>
  (typeof value === "string" ? [value] : asArray(value)).flatMap((one) => asString(one) ?? []);

function isMeant(statement: unknown, asker: Asker): boolean {
  const actions = texts(path(statement, "Action"));
  if (!actions.some((action) => ["sts:AssumeRole", "sts:*", "*"].includes(action))) return false;
  const principal = path(statement, "Principal");
  const named = texts(principal === "*" ? "*" : path(principal, "AWS"));
  return named.some((one) => isAsker(one, asker)) && areMet(path(statement, "Condition"), asker);
}

function isAsker(principal: string, { arn, account, partition }: Asker): boolean {
  if (["*", account, rootArn(partition, account), arn].includes(principal)) return true;
  // A session of a role is that role.
  const session = /^assumed-role\/([^/]+)\//.exec(parseArn(arn)?.resource ?? "");
  const { service, account: of, resource = "" } = parseArn(principal) ?? {};
  const role = /^role\/(?:.*\/)?([^/]+)$/.exec(resource);
  return service === "iam" && of === account && session !== null && role !== null && session[1] === role[1];
}

function areMet(condition: unknown, { externalId, tags = {} }: Asker): boolean {
  const equals = Object.entries(asObject(path(condition, "StringEquals")) ?? {});
  return equals.every(([key, value]) => {
    const wanted = texts(value);
    if (key === "sts:ExternalId") return externalId !== undefined && wanted.includes(externalId);
    const [, tag] = /^aws:RequestTag\/(.+)$/.exec(key) ?? [];
    return tag === undefined || wanted.includes(tags[tag] ?? "");
  });
}
