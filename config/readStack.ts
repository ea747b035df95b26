import { isDeployable } from "../core/account/state";
import { wavesProblems } from "../core/fleet/waves";
import { closest } from "../core/service/closest";
import { describeValue, pathText, problemsOf, problemText } from "../core/service/problem";
import type { ServiceConfig } from "../core/service/service";
import { accountProblems, accountsOf, awsReach, ledgerLockOf } from "./accounts";
import { accountStoreProblems, keptBy } from "./accountStores";
import { chaosProblems } from "./chaos";
import { needProblems } from "./needs";
import { readPermission } from "./permission";
import { type Overrides, overridesSchema, STACK_KEYS, stackSchema, type StackValues } from "./schema";
import { registryPruneProblems } from "./registryPrune";
import { readScan } from "./scan";
import { readServices, stackProblem } from "./services";
import type { SourceFiles } from "./sourceFiles";
import { readSigning, signingProblems } from "./signing";
import { readSnapshots, type SnapshotConfig } from "./snapshots";
import type { StackConfig } from "./stack";
import { targetProblems } from "./targets";
import { tlsProblems } from "./tls";
import { withoutProblems } from "./without";

/** What `readStack` needs to know, none of it from Pulumi. */
export interface StackInput {
  readonly stack: string;
  /** Keys without the project's prefix, values as they stand in the stack file. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys whose value is encrypted. */
  readonly encrypted: readonly string[];
  /** Text of the environment variable HMS_OVERRIDES. */
  readonly overrides?: string;
  readonly files: SourceFiles;
}

export type ReadStack =
  { readonly ok: true; readonly config: StackConfig } | { readonly ok: false; readonly problems: readonly string[] };

/** Checks all of it; a config only if nothing at all is wrong. */
export function readStack(input: StackInput): ReadStack {
  const { services: rawServices, ...rest } = input.values;
  const known = Object.fromEntries(
    Object.entries(rest).filter(([key]) => STACK_KEYS.includes(key) && !input.encrypted.includes(key)),
  );
  const parsed = stackSchema.safeParse(known);
  const refused = input.encrypted.filter((key) => STACK_KEYS.includes(key));
  const shape = parsed.success
    ? []
    : problemsOf(parsed.error, known).filter(({ path }) => !refused.includes(String(path[0])));
  const services = refused.includes("services")
    ? { services: [], names: [], problems: [] }
    : readServices(rawServices, input.files);
  const wishes = readOverrides(input.overrides);
  const named = parsed.success ? parsed.data : undefined;
  const snapshots = readSnapshots(named?.snapshots ?? {}, rawServices, named?.kubeContext ?? "", input.files);
  const scan = readScan(named?.scan, input.files);
  const signing = named === undefined ? { problems: [] } : signingIn(named, input.files);
  const permission = readPermission(named?.permission, input.files);
  const targetsWrong = named === undefined ? [] : targetProblems({ ...named, accounts: accountsOf(named) });
  const problems = [
    ...Object.keys(rest)
      .filter((key) => !STACK_KEYS.includes(key))
      .map(unknownKey),
    ...refused.map(encryptedKey),
    ...shape.map(stackProblem),
    ...services.problems,
    ...snapshots.problems,
    ...scan.problems,
    ...(named === undefined
      ? []
      : [
          ...[...tlsProblems(named), ...accountProblems(named), ...accountStoreProblems(named)],
          ...[...signingProblems(named), ...registryPruneProblems(named), ...withoutProblems(named)],
        ].map(stackProblem)),
    ...[...signing.problems, ...permission.problems].map(stackProblem),
    ...chaosProblems({ stack: input.stack, protect: named?.protect ?? false }, services.services),
    ...needProblems(services.services, services.names),
    ...waveProblems(named, services),
    ...targetsWrong.map(stackProblem),
    ...unknownNames(
      "HMS_OVERRIDES: onlyAccounts",
      wishes.overrides.onlyAccounts ?? [],
      Object.keys(named?.accounts ?? {}),
    ),
    ...wishes.problems,
    ...(["retry", "takeOver"] as const).flatMap((key) => [
      ...unknownNames(`hms:${key}`, named?.[key] ?? false, services.names),
      ...unknownNames(`HMS_OVERRIDES: ${key}`, wishes.overrides[key], services.names),
    ]),
    ...unknownNames("HMS_OVERRIDES: only", wishes.overrides.only ?? [], services.names),
    ...(["tags", "pin"] as const).flatMap((key) =>
      Object.keys(wishes.overrides[key]).flatMap((name) =>
        services.names.includes(name)
          ? []
          : unknownName(`HMS_OVERRIDES: ${pathText([key, name])}`, name, services.names),
      ),
    ),
  ];
  if (named === undefined || problems.length > 0) return { ok: false, problems };
  const config = assemble(input.stack, named, services.services, snapshots.snapshots, wishes.overrides);
  return {
    ok: true,
    config: {
      ...config,
      ...(scan.scan === undefined ? {} : { scan: scan.scan }),
      ...(signing.signing === undefined ? {} : { signing: signing.signing }),
      ...(permission.permission === undefined ? {} : { permission: permission.permission }),
    },
  };
}

/** Only where the services themselves are right: what is wrong with one would be said twice. */
function waveProblems(
  named: StackValues | undefined,
  { services, problems }: ReturnType<typeof readServices>,
): string[] {
  const waves = named?.waves;
  if (waves === undefined || problems.length > 0) return [];
  const needs = new Map(
    named?.targets === "accounts"
      ? accountsOf(named)
          .filter(({ state }) => isDeployable(state))
          .map(({ name }) => [name, []])
      : services.map((service) => [service.name, Object.keys(service.needs ?? {})]),
  );
  return wavesProblems(waves, needs).map(stackProblem);
}

function assemble(
  stack: string,
  values: StackValues,
  services: readonly ServiceConfig[],
  snapshots: readonly SnapshotConfig[],
  overrides: Overrides,
): Omit<StackConfig, "signing" | "permission"> {
  const { scan: _, signing: _read, permission: _keys, without: _judged, ...settings } = values;
  const names = services.map(({ name }) => name);
  const either = (key: "retry" | "takeOver") =>
    names.filter((name) => [values[key], overrides[key]].some((some) => includes(some, name)));
  return {
    stack,
    ...settings,
    inCluster: { prometheus: values.prometheus, gateway: values.gateway.address, ...values.inCluster },
    ...keptBy(stack, values),
    snapshots,
    accounts: accountsOf(values),
    aws: awsReach(values.aws),
    ledgerLock: ledgerLockOf(values.aws),
    retry: either("retry"),
    takeOver: either("takeOver"),
    pins: overrides.pin,
    breakDependents: overrides.breakDependents,
    ...(overrides.only === undefined ? {} : { only: overrides.only }),
    ...(overrides.onlyAccounts === undefined ? {} : { onlyAccounts: overrides.onlyAccounts }),
    ...(overrides.traffic === undefined ? {} : { traffic: overrides.traffic }),
    ...(overrides.notBefore === undefined ? {} : { notBefore: overrides.notBefore }),
    services: services.map((service) => {
      const tag = overrides.tags[service.name];
      return tag === undefined ? service : { ...service, tag };
    }),
  };
}

const signingIn = (values: StackValues, files: SourceFiles) =>
  readSigning(values.signing, { accounts: accountsOf(values), aws: awsReach(values.aws) }, files);

const includes = (some: boolean | readonly string[], name: string): boolean =>
  typeof some === "boolean" ? some : some.includes(name);

const NO_WISHES = overridesSchema.parse({});

function readOverrides(text: string | undefined): {
  readonly overrides: Overrides;
  readonly problems: readonly string[];
} {
  if (text === undefined || text === "") return { overrides: NO_WISHES, problems: [] };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    const advice = 'write for example {"retry":["drought-benefit"]}, or unset it';
    const problem = `HMS_OVERRIDES: got ${describeValue(text)}; allowed is a JSON object; ${advice}`;
    return { overrides: NO_WISHES, problems: [problem] };
  }
  const parsed = overridesSchema.safeParse(raw);
  if (parsed.success) return { overrides: parsed.data, problems: [] };
  return {
    overrides: NO_WISHES,
    problems: problemsOf(parsed.error, raw).map((problem) => `HMS_OVERRIDES: ${problemText(problem)}`),
  };
}

function unknownNames(where: string, some: boolean | readonly string[], names: readonly string[]): readonly string[] {
  if (typeof some === "boolean") return [];
  return some.flatMap((name, index) => (names.includes(name) ? [] : unknownName(`${where}[${index}]`, name, names)));
}

function unknownName(where: string, name: string, names: readonly string[]): readonly string[] {
  const meant = closest(name, names);
  const allowed = names.length === 0 ? "nothing, for the stack has no services" : `one of ${names.join(", ")}`;
  const advice = meant === undefined ? "name a service of this stack" : `did you mean ${meant}?`;
  return [`${where}: got ${describeValue(name)}; allowed is ${allowed}; ${advice}`];
}

function unknownKey(key: string): string {
  const meant = closest(key, STACK_KEYS);
  return stackProblem({
    path: [key],
    got: "an unknown key",
    allowed: `one of ${STACK_KEYS.join(", ")}`,
    advice: meant === undefined ? "remove it" : `did you mean ${meant}?`,
  });
}

const encryptedKey = (key: string): string =>
  stackProblem({
    path: [key],
    got: "an encrypted value",
    allowed: "plain values only",
    advice: "put the secret into a Kubernetes Secret and refer to it under secrets, as { secret: <name>, key: <key> }",
  });
