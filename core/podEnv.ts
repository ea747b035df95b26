import { asArray, asObject, asString, path } from "./json";

/** A variable of a container whose value is a secret, or looks like one, and stands in the pod's spec for all to read. */
export interface PlaintextSecret {
  readonly container: string;
  readonly variable: string;
  /** Never holds the value. */
  readonly why: string;
}

/** What a name of a secret ends with; `PASSWORD_FILE` or `TOKEN_URL` name where a secret is, which may be told. */
const SECRET_NAME =
  /(^|_)(PASSWORD|PASSWD|PGPASSWORD|PASSPHRASE|PASSCODE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY|CREDENTIALS?)$/;

/** What a secret looks like, whatever its name. */
const SECRET_VALUES: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, "an AWS access key"],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i, "an address with a password"],
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/, "a signed token"],
  [/\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20,}/, "a token of a code host"],
  [/(^|[;\s])(password|pwd)=[^;\s]+/i, "a connection text with a password"],
];

/**
 * Secrets in the environment of a pod: everyone who may read pods reads them, and they are in etcd, in states and in
 * every tool that shows a pod. A reference to a Secret is what should stand there; one to a ConfigMap is no better.
 * @param podSpec a Kubernetes PodSpec as JSON; what is not one has none.
 */
export function plaintextSecrets(podSpec: unknown): readonly PlaintextSecret[] {
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((key) => [
    ...asArray(path(podSpec, key)),
  ]);
  return containers.flatMap((container) =>
    asArray(path(container, "env")).flatMap((entry) => {
      const variable = asString(path(entry, "name"));
      const why = variable === undefined ? undefined : whyPlain(variable, entry);
      if (variable === undefined || why === undefined) return [];
      return [{ container: asString(path(container, "name")) ?? "", variable, why }];
    }),
  );
}

function whyPlain(variable: string, entry: unknown): string | undefined {
  const value = asString(path(entry, "value"));
  if (value !== undefined) return whySecret(variable, value);
  const isShared = path(entry, "valueFrom", "configMapKeyRef") !== undefined;
  return isShared && isSecretName(variable) ? "it is named like a secret, and read from a ConfigMap" : undefined;
}

/** The same for values by name, as a ConfigMap holds them. */
export function plaintextSecretsIn(values: unknown): readonly Omit<PlaintextSecret, "container">[] {
  return Object.entries(asObject(values) ?? {}).flatMap(([variable, value]) => {
    const why = typeof value === "string" ? whySecret(variable, value) : undefined;
    return why === undefined ? [] : [{ variable, why }];
  });
}

const isSecretName = (variable: string): boolean => SECRET_NAME.test(variable.toUpperCase());

function whySecret(variable: string, value: string): string | undefined {
  if (value === "") return undefined;
  if (isSecretName(variable)) return "it is named like a secret";
  const [, what] = SECRET_VALUES.find(([pattern]) => pattern.test(value)) ?? [];
  return what === undefined ? undefined : `its value looks like ${what}`;
}

const ADVICE =
  "put it into a Kubernetes Secret and refer to it (a service: under secrets; a pod: valueFrom.secretKeyRef)";

/** For people: which variable of which container, why, and what to do. Without `container`: of what it is a value. */
export function describePlaintextSecret(
  { variable, why, ...place }: Omit<PlaintextSecret, "container"> & { readonly container?: string },
  of = `container ${place.container ?? ""}`,
): string {
  return `${variable} of ${of} is in plain text: ${why}; ${ADVICE}`;
}
