import "./platform/orphan";
import "./platform/lazyModules";
import * as docker from "@pulumi/docker";
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import { Access } from "./components/access";
import { PolicyService } from "./components/policyService";
import { dependentsOf } from "./components/needsPlan";
import { Registry } from "./components/registry";
import { announce, isWatched, planServices, refuseImpossible } from "./components/servicePlan";
import { loadStackConfig } from "./config/stackConfig";
import { HmsProvider } from "./provider/sdk";

/** One stack: what its file wants of each service is compared with what its cluster runs, and the difference is made. */
export = async () => {
  const config = loadStackConfig();
  const { kubeContext, namespace, domain, gateway, tls, ledger, protect } = config;
  const hms = new HmsProvider("hms", { context: kubeContext, ledger });
  const [plans, providers] = await Promise.all([planServices(config, hms), startOthers(hms, kubeContext)]);
  refuseImpossible(config, plans);

  const registry = new Registry("registry", { address: config.registry });
  const home = new k8s.core.v1.Namespace(
    "namespace",
    { metadata: { name: namespace } },
    { provider: providers.kubernetes, protect },
  );
  const { image = "", ...inside } = config.inCluster;
  const https = tls === undefined ? {} : { tls };
  // Who stands by a move that stops on its way needs rights of its own; where nothing stops there is nobody to give them.
  const access = plans.some(isWatched)
    ? new Access(
        "access",
        { namespace, services: config.services, ...https },
        { provider: providers.kubernetes, dependsOn: home },
      )
    : home;
  const made = new Map<string, PolicyService>();
  const services = plans.map((plan) => {
    announce(plan);
    const { name, needs = {} } = plan.service;
    const needed = Object.keys(needs).flatMap((other) => made.get(other) ?? []);
    const dependents = config.breakDependents ? [] : dependentsOf(name, plans);
    const service = new PolicyService(
      name,
      {
        ...{ plan, namespace, domain, gateway, registry, prometheus: config.prometheus, needed, dependents },
        ...https,
        freeze: { stack: config.stack, ...config.freeze },
        watcher: { image, ...inside },
      },
      { providers, protect, dependsOn: access },
    );
    made.set(name, service);
    return service;
  });
  return {
    urls: Object.fromEntries(services.map((service, index) => [plans[index]?.service.name ?? "", service.url])),
  };
};

/** The engine starts plugins one after the other: ours first, as it reads the cluster while the others start. */
async function startOthers(hms: HmsProvider, kubeContext: string) {
  await new Promise((started) => hms.urn.apply(started));
  return {
    kubernetes: new k8s.Provider("cluster", {
      context: kubeContext,
      // Empty, or the SDK copies KUBECONFIG here: a path in the state, and one that may not be a list.
      kubeconfig: "",
      // Only the ConfigMaps of earlier versions are mutable: put right in place, for replaced they would be gone for a moment.
      enableConfigMapMutable: true,
    }),
    random: new random.Provider("random"),
    docker: new docker.Provider("docker"),
    hms,
  };
}
