import { z } from "zod";
import { arnOf, parseArn } from "../core/aws/arn";
import { mapWith, oneOf, readBy, text, wholeNumber } from "../core/service/field";
import { DNS_LABEL, SECRET_NAME } from "../core/service/names";
import { describeValue, type Problem } from "../core/service/problem";
import type { TlsSettings } from "../core/tls/settings";
import { CLUSTER } from "../platform/local/layout";
import { DEFAULT_PORTS } from "../platform/local/ports";
import { LOCAL_DOMAIN } from "../platform/local/usersAuthority";

const port = (advice: string) => wholeNumber(1, 65_535, advice).default(443);
const className = text({ ...DNS_LABEL, advice: "write the name of a GatewayClass of the cluster" });
const listening = {
  port: port("write the port that the gateway listens on for https"),
  publicPort: port("write the port that users connect to"),
};

function isCertificate(text: string): boolean {
  const arn = parseArn(text);
  if (arn?.service !== "acm" || arn.region === "" || !/^\d{12}$/.test(arn.account)) return false;
  return /^certificate\/[-0-9a-f]{36}$/.test(arn.resource);
}

/** One map for each way to a certificate, by the key that names it. */
const WAYS = {
  local: mapWith({ local: wholeNumber(1, 65_535, "write the platform's https port, HMS_PORT_GATEWAY_TLS") }),
  issuer: mapWith({
    issuer: mapWith({
      name: text({ ...DNS_LABEL, longest: 253, advice: "write the name of a cert-manager issuer" }),
      kind: oneOf(["Issuer", "ClusterIssuer"], "say which of the two it is").default("Issuer"),
    }),
    class: className.exactOptional(),
    ...listening,
  }),
  secret: mapWith({ secret: text(SECRET_NAME), class: className.exactOptional(), ...listening }),
  acm: mapWith({
    acm: text({
      pattern: { test: isCertificate },
      allowed: "the ARN of a certificate in AWS Certificate Manager",
      advice: `write ${arnOf({ partition: "aws-us-gov", service: "acm", region: "<region>", account: "<account>", resource: "certificate/<id>" })}`,
    }),
    class: className,
    ...listening,
  }),
} as const;

type Way = keyof typeof WAYS;
type Ways = { readonly [Key in Way]: z.output<(typeof WAYS)[Key]> };
const NAMES = Object.keys(WAYS) as Way[];
const ALLOWED = "local, or a map with exactly one of local, issuer, secret and acm";
const ADVICE = "say who makes the certificates, or leave it out for http only";

const isWay = (key: string): key is Way => key in WAYS;

/** `hms:tls` as it stands in a stack file. */
export const tlsSchema = z.unknown().transform((value, context): TlsSettings => {
  const refuse = (got: string) => {
    context.addIssue({ code: "custom", params: { allowed: ALLOWED, advice: ADVICE, got } });
    return z.NEVER;
  };
  if (value === "local") return { kind: "local", port: DEFAULT_PORTS.gatewayTls };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(describeValue(value));
  const [way, second] = Object.keys(value).filter(isWay);
  if (way === undefined) return refuse(`a map without any of ${NAMES.join(", ")}`);
  if (second !== undefined) return refuse(`a map with both ${way} and ${second}`);
  const read = readBy<Ways[Way]>(WAYS[way], value, context);
  if (read === undefined) return z.NEVER;
  if ("local" in read) return { kind: "local", port: read.local };
  if ("issuer" in read) return { kind: "issuer", ...read };
  if ("secret" in read) return { kind: "secret", ...read };
  const { acm, ...rest } = read;
  return { kind: "acm", arn: acm, ...rest };
});

/** The local authority, asked for where it cannot be used: it vouches for this machine's names alone. */
export function tlsProblems(stack: {
  readonly kubeContext: string;
  readonly domain: string;
  readonly tls?: TlsSettings;
}): readonly Problem[] {
  if (stack.tls?.kind !== "local") return [];
  const problems: Problem[] = [];
  if (stack.kubeContext !== CLUSTER.context)
    problems.push({
      path: ["tls"],
      got: `local, for the context ${stack.kubeContext}`,
      allowed: `local for the local platform (${CLUSTER.context}) alone`,
      advice: "write tls: { issuer: { name: <issuer> } }, { secret: <name> } or { acm: <arn> }",
    });
  if (stack.domain !== LOCAL_DOMAIN && !stack.domain.endsWith(`.${LOCAL_DOMAIN}`))
    problems.push({
      path: ["domain"],
      got: `${describeValue(stack.domain)} with tls: local`,
      allowed: `a domain below ${LOCAL_DOMAIN}, for the local authority may vouch for no other name`,
      advice: `write <stack>.${LOCAL_DOMAIN}, or take another certificate`,
    });
  return problems;
}
