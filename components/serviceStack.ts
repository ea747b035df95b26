import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { loadStackConfig, type StackConfig } from "../config/stackConfig";
import { targetsOf, type TargetConfig } from "../config/targets";
import { OWN } from "../core/account/way";
import { inWaves } from "../core/fleet/waves";
import { withApprovals } from "./approvedSources";
import { leaveFrozen } from "./frozenAccounts";
import type { GovCloudAccount } from "./govCloudAccount";
import { tellPlan } from "./planFacts";
import { resourceName } from "./resourceName";
import { planServices, refuseImpossible } from "./planServices";
import type { ServicePlan } from "./servicePlan";
import { soakOf } from "./services";
import { scheduleRegistryPrune } from "./registryPrune";
import { scheduleSnapshots } from "./snapshotSchedule";
import {
  hmsProvider,
  kubeconfigOf,
  kubernetesProvider,
  makeTarget,
  type TargetArgs,
  type TargetProviders,
} from "./target";

interface Planned {
  readonly config: TargetConfig;
  readonly plans: readonly ServicePlan[];
  readonly own: TargetProviders;
}

/** One stack: what its file wants of each service is compared with what its clusters run, and the difference is made. */
export async function serviceStack() {
  const config = loadStackConfig();
  // First of all: whoever is in the wrong account learns it before anything is registered.
  const accounts = await accountsOf(config);
  const { planned: found, shared } = await planTargets(targetsOf(config), accounts);
  tellPlan(found);
  refuseImpossible(found);
  const planned = await Promise.all(
    found.map(async (one) => ({ ...one, plans: await withApprovals(one.config, one.plans) })),
  );
  if (config.signing === undefined)
    void pulumi.log.info("images are neither signed nor verified: the stack has no hms:signing");

  const urls = (config.targets === "cluster" ? oneTarget : inAccounts)(config, planned, { shared, accounts });
  if (config.snapshots.length > 0 || config.registryPrune !== undefined) {
    const providers = await ownProviders(config, planned);
    scheduleSnapshots(config.snapshots, { providers });
    scheduleRegistryPrune(config, { providers });
  }
  return { urls, ...(accounts.size === 0 ? {} : { accounts: outputsOf(accounts) }) };
}

/** The engine starts plugins one after the other: ours first, as it reads the clusters while the others start. */
async function planTargets(targets: readonly TargetConfig[], accounts: Accounts) {
  const reading = await Promise.all(
    targets.map(async (config) => {
      const kubeconfig = await kubeconfigOf(config);
      return { config, kubeconfig, hms: await hmsProvider(config, kubeconfig) };
    }),
  );
  const started = reading.map(({ config, kubeconfig, hms }) => ({
    config,
    own: { hms, kubernetes: kubernetesProvider(config, kubeconfig) },
  }));
  const shared = { random: new random.Provider("random"), docker: new docker.Provider("docker") };
  const plan = async <T extends (typeof started)[number]>(one: T, config: TargetConfig) => ({
    ...one,
    config,
    plans: await planServices(config, one.own.hms, isFreezeThere(config, accounts)),
  });
  const planned = await Promise.all(started.map((one) => plan(one, one.config)));
  return { planned: await leaveFrozen(planned, plan), shared };
}

/** Snapshots are taken in the stack's own cluster, wherever services go. */
async function ownProviders(config: StackConfig, [first]: readonly Planned[]): Promise<pulumi.ProviderResource[]> {
  if (config.targets === "cluster" && first) return [first.own.hms, first.own.kubernetes];
  return [await hmsProvider(config), kubernetesProvider(config)];
}

type Accounts = ReadonlyMap<string, GovCloudAccount>;

/** An account's freeze is made with the account; until then there is none to ask, and each service asks again later. */
const isFreezeThere = ({ freeze: { account } }: TargetConfig, accounts: Accounts): boolean =>
  account === undefined || account === OWN || (accounts.get(account.name)?.hasFreeze ?? true);

/** The accounts that keep ledger and freeze of a target: nothing of its services changes before these stand. */
function keepersOf({ ledger: { store }, freeze }: TargetConfig, accounts: Accounts): readonly GovCloudAccount[] {
  const kept = store !== undefined && "account" in store ? [store.account, ...store.witnesses] : [];
  const names = [...kept, freeze.account].flatMap((one) => (one === undefined || one === OWN ? [] : [one.name]));
  return [...new Set(names)].flatMap((name) => accounts.get(name) ?? []);
}

interface Common {
  readonly shared: TargetArgs["shared"];
  readonly accounts: Accounts;
}

/** Waves of a stack with one cluster are waves of its services. */
function oneTarget({ waves }: StackConfig, planned: readonly Planned[], common: Common): Record<string, string> {
  const { shared, accounts } = common;
  const order = waves === undefined ? {} : { waves };
  const urls = planned.flatMap((one) => [
    ...makeTarget({ ...one, shared, ...order, after: keepersOf(one.config, accounts) }),
  ]);
  return Object.fromEntries(urls.map(([name, { url }]) => [name, url]));
}

/** Waves of a stack with accounts are waves of those; each account is watched for itself before the next wave begins. */
function inAccounts(config: StackConfig, planned: readonly Planned[], common: Common): Record<string, string> {
  const { waves } = config;
  const { shared, accounts } = common;
  const registries = registriesOf(config, accounts);
  const urls: Record<string, string> = {};
  let before: readonly pulumi.Resource[] = [];
  const order = inWaves(planned, ({ config }) => config.account ?? "", waves);
  for (const [index, wave] of order.entries()) {
    const soaks = wave.map((one) => {
      const registry = registries.get(one.config.account ?? "");
      const after = [...before, ...keepersOf(one.config, accounts)];
      const made = makeTarget({ ...one, shared, after, ...(registry === undefined ? {} : { registry }) });
      for (const [name, { url }] of made) urls[resourceName(one.config.account, name)] = url;
      const isLast = index === order.length - 1;
      return isLast ? [] : [soakOf({ config: one.config, hms: one.own.hms, waves, wave: index + 1 }, one.plans, made)];
    });
    before = soaks.flat();
  }
  return urls;
}

/** A stack without accounts loads nothing of AWS. */
async function accountsOf(config: StackConfig): Promise<Accounts> {
  if (config.accounts.length === 0) return new Map();
  const { makeAccounts } = await import("./accounts");
  return makeAccounts(config);
}

/** Registries that images are pushed to, by the account's name; a stand-in for one is there already. */
const registriesOf = ({ accounts }: StackConfig, made: Accounts): ReadonlyMap<string, pulumi.Resource> =>
  new Map(
    accounts.flatMap(({ name, registry }) => {
      const own = registry === undefined ? made.get(name)?.registry : undefined;
      return own === undefined ? [] : [[name, own] as const];
    }),
  );

/** What others need of each account's baseline, by the account's name. */
const outputsOf = (accounts: Accounts) =>
  Object.fromEntries(
    [...accounts].map(([name, { keyArns, ledgerBucket, snapshotBucket, registry }]) => [
      name,
      { keys: keyArns, ledgerBucket, snapshotBucket, registry: registry.address },
    ]),
  );
