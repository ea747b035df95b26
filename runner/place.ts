import { existsSync, readFileSync } from "node:fs";
import { UsageError, type Invocation, type OptionSpec } from "../cli/command";
import { DNS_LABEL, SERVICE_NAME } from "../core/service/names";

/** A service where it runs. */
export interface Place {
  readonly service: string;
  readonly namespace: string;
}

const OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

export const NAMESPACE_OPTION: OptionSpec = {
  flags: "--namespace <name>",
  description: "its Kubernetes namespace (default: the pod's own)",
};

export const PLACE_OPTIONS: readonly OptionSpec[] = [
  { flags: "--service <name>", description: "the service" },
  NAMESPACE_OPTION,
];

export const ADDRESS_OPTIONS: readonly OptionSpec[] = [
  { flags: "--gateway <url>", description: "where the gateway is reached from here" },
  { flags: "--host <name>", description: "host name of the service at the gateway" },
  { flags: "--probe-path <path>", description: "path asked to see who answers", default: "/" },
  { flags: "--prometheus <url>", description: "where Prometheus is reached from here" },
];

/** @throws UsageError */
export function placeOf(invocation: Invocation, ownNamespace: () => string | undefined = readOwnNamespace): Place {
  const namespace = namespaceOf(invocation, ownNamespace);
  return { service: matching(SERVICE_NAME, "service", invocation.required("service")), namespace };
}

/** @throws UsageError */
export function namespaceOf(invocation: Invocation, ownNamespace = readOwnNamespace): string {
  const namespace = invocation.text("namespace") ?? ownNamespace();
  if (namespace === undefined) throw new UsageError("--namespace is missing, and this is not a pod that has one");
  return matching(DNS_LABEL, "namespace", namespace);
}

/** The gateway, when it is to be asked: both options or none. @throws UsageError */
export function gatewayOf(invocation: Invocation): { readonly address: string; readonly host: string } | undefined {
  const address = urlOf(invocation, "gateway");
  const host = invocation.text("host");
  if (address === undefined && host === undefined) return undefined;
  if (address === undefined || host === undefined)
    throw new UsageError("--gateway and --host belong together: give both, or none to leave the gateway unasked");
  return { address, host };
}

/** @throws UsageError when it is no http address. */
export function urlOf(invocation: Invocation, option: string): string | undefined {
  const value = invocation.text(option);
  if (value === undefined) return undefined;
  const isHttp = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  if (!isHttp) throw new UsageError(`--${option} must be an http or https address, got "${value}"`);
  return value.replace(/\/+$/, "");
}

function matching(rule: typeof DNS_LABEL, option: string, value: string): string {
  if (value.length <= (rule.longest ?? Infinity) && rule.pattern.test(value)) return value;
  throw new UsageError(`--${option} must be ${rule.allowed}, got "${value}"`);
}

const readOwnNamespace = (): string | undefined =>
  existsSync(OWN_NAMESPACE) ? readFileSync(OWN_NAMESPACE, "utf8").trim() : undefined;
