import "./platform/orphan";
import "./platform/lazyModules";
import * as docker from "@pulumi/docker";
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import { Access } from "./components/access";
import { Registry } from "./components/registry";
import { isWatched, planServices, refuseImpossible } from "./components/servicePlan";
import { makeServices } from "./components/services";
import { loadStackConfig } from "./config/stackConfig";
import { HmsProvider } from "./provider/sdk";

/** One stack: what its file wants of each service is compared with what its cluster runs, and the difference is made. */
export = async () => {
  const config = loadStackConfig();
  const { kubeContext, namespace, tls, ledger, protect } = config;
  const hms = new HmsProvider("hms", { context: kubeContext, ledger });
  const [plans, providers] = await Promise.all([planServices(config, hms), startOthers(hms, kubeContext)]);
  refuseImpossible(config, plans);

  const registry = new Registry("registry", { address: config.registry });
  const home = new k8s.core.v1.Namespace(
    "namespace",
    { metadata: { name: namespace } },
    { provider: providers.kubernetes, protect },
  );
  const https = tls === undefined ? {} : { tls };
  // Who stands by a move that stops on its way needs rights of its own; where nothing stops there is nobody to give them.
  const access = plans.some(isWatched)
    ? new Access(
        "access",
        { namespace, services: config.services, ...https },
        { provider: providers.kubernetes, dependsOn: home },
      )
    : home;
  const services = makeServices(config, plans, registry, { providers, protect, dependsOn: access });
  return { urls: Object.fromEntries([...services].map(([name, { url }]) => [name, url])) };
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
