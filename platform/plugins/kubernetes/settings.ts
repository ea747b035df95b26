/** The provider's own inputs, under the names of the published package. */
import { isUnknown, reveal, type Properties } from "../../rpc";

export interface Settings {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  /** For namespaced objects that name none. */
  readonly namespace?: string;
  readonly serverSideApply: boolean;
  readonly mutable: { readonly configMaps: boolean; readonly secrets: boolean };
  readonly suppressDeprecationWarnings: boolean;
  /** Deleting from a cluster that cannot be reached only forgets the object. */
  readonly deleteUnreachable: boolean;
  /** The cluster is made by the same program: nothing can be asked of it in this preview. */
  readonly clusterUnknown: boolean;
}

const WITHOUT_EFFECT_HERE = ["renderYamlToDirectory"];

/** @throws Error for an option that would change what happens, and that this stand-in does not have. */
export function parseSettings(args: Properties, env: NodeJS.ProcessEnv = process.env): Settings {
  const plain = reveal(args);
  for (const name of WITHOUT_EFFECT_HERE) {
    if (plain[name] !== undefined && plain[name] !== "")
      throw new Error(`provider option ${name} is not supported by this stand-in`);
  }
  const text = (name: string): string | undefined => {
    const value = plain[name];
    if (value === undefined || value === null || value === "" || isUnknown(value)) return undefined;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  const flag = (name: string, variable: string, otherwise: boolean): boolean => {
    const value = text(name) ?? env[variable];
    return value === undefined || value === "" ? otherwise : value === "true" || value === "1";
  };
  const optional = (name: string) => {
    const value = text(name);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    ...optional("kubeconfig"),
    ...optional("context"),
    ...optional("cluster"),
    ...optional("namespace"),
    serverSideApply: flag("enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", true),
    mutable: {
      configMaps: flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", false),
      secrets: flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE", false),
    },
    suppressDeprecationWarnings: flag("suppressDeprecationWarnings", "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS", false),
    deleteUnreachable: flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE", false),
    clusterUnknown: isUnknown(plain.kubeconfig) || isUnknown(plain.context),
  };
}
