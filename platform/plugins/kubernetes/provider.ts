/** The Kubernetes package, served from the cluster's own API: every kind it knows, custom ones too. */
import type { ProviderDefinition, ResourceHandler } from "../../rpc";
import { Cluster } from "./cluster";
import { KubernetesResource } from "./resource";
import { parseSettings } from "./settings";
import { objectTypeOf } from "./tokens";

export function kubernetesProvider(version: string): ProviderDefinition {
  let handler: ResourceHandler | undefined;
  return {
    name: "kubernetes",
    version,
    configure({ args }) {
      handler = new KubernetesResource(new Cluster(parseSettings(args)));
    },
    resource(token) {
      objectTypeOf(token);
      if (!handler) throw new Error("the provider was not configured");
      return handler;
    },
    invoke(token) {
      throw new Error(`${token} is not supported by this stand-in for the Kubernetes provider`);
    },
  };
}
