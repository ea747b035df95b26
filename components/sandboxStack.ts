import path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { lastingStacks } from "../config/lastingStacks";
import type { SandboxConfig } from "../config/sandbox";
import { loadSandboxConfig } from "../config/stackConfig";
import { hashContext } from "../core/release/contextHash";
import { capProblems } from "../core/sandbox/caps";
import { leaseToKeep } from "../core/sandbox/lease";
import { placeProblems } from "../core/sandbox/protect";
import { countedOf, seenSandbox } from "../core/sandbox/seen";
import { problemText } from "../core/service/problem";
import type { ServiceConfig } from "../core/service/service";
import { CLUSTER } from "../platform/local/layout";
import { HmsProvider } from "../provider/sdk";
import { ensureBases, getSandboxes } from "../provider/sdkFunctions";
import { Registry } from "./registry";
import { Sandbox } from "./sandbox";

/** One sandbox, by its stack's file and what all sandboxes have in common. */
export async function sandboxStack() {
  const config = loadSandboxConfig();
  const context = config.common.kubeContext;
  const hms = new HmsProvider("hms", { context, ledger: { name: pulumi.getStack() } });
  const kept = await permitted(config, hms);
  const { name } = kept.identity;
  const built = kept.services.filter(({ service }) => service.source !== undefined);
  const providers = {
    // Empty, or the SDK copies KUBECONFIG into the state.
    kubernetes: new k8s.Provider("cluster", { context, kubeconfig: "" }),
    random: new random.Provider("random"),
    ...(built.length === 0 ? {} : { docker: await dockerProvider() }),
    hms,
  };
  const registry = new Registry("registry", { address: config.common.registry });
  const images = await Promise.all(
    kept.services.map(
      async ({ service }) => [service.name, await imageOf(service, name, registry, providers)] as const,
    ),
  );
  const sandbox = new Sandbox(name, { config: kept, images: Object.fromEntries(images) }, { providers });
  const { owner, expiresAt, snapshot } = kept.identity;
  return { url: sandbox.url, owner, expiresAt: expiresAt.toISOString(), snapshot };
}

/**
 * The configuration with the lease that counts, if nothing speaks against the sandbox; asked in previews too.
 * @throws pulumi.RunError with every reason.
 */
async function permitted(config: SandboxConfig, provider: pulumi.ProviderResource): Promise<SandboxConfig> {
  const { identity, common } = config;
  const { name } = identity;
  const guarded = { ...common.protectedPlaces, stacks: lastingStacks(process.cwd()), local: CLUSTER.context };
  const place = placeProblems({ name, kubeContext: common.kubeContext, namespace: name }, guarded);
  // What is protected is not even looked at.
  if (place.length > 0) throw new pulumi.RunError(place.join("\n"));
  const standing = (await getSandboxes({ provider })).flatMap((one) => seenSandbox(one) ?? []);
  const own = standing.find((one) => one.name === name);
  const lease = leaseToKeep(identity, own?.identity, new Date(), common.limits);
  const wanted = { name, owner: identity.owner, ...(lease.ok ? lease.value : identity) };
  const counted = standing.filter(({ leaving }) => !leaving).map((one) => countedOf(one, common.limits));
  const problems = [
    ...(lease.ok ? [] : lease.problems.map((problem) => `hms:${problemText(problem)}`)),
    ...(own?.leaving === true
      ? [`sandbox ${name} is being destroyed; wait until it is gone, then create it again`]
      : []),
    ...(own && own.owner !== identity.owner ? [`sandbox ${name} belongs to ${own.owner}; choose another name`] : []),
    ...capProblems(common.caps, counted, wanted),
  ];
  if (problems.length > 0) throw new pulumi.RunError(problems.join("\n"));
  return { ...config, identity: { ...identity, ...wanted } };
}

type Providers = Readonly<Record<string, pulumi.ProviderResource>> & { readonly hms: pulumi.ProviderResource };

async function imageOf(
  service: ServiceConfig,
  sandbox: string,
  registry: Registry,
  providers: Providers,
): Promise<pulumi.Input<string>> {
  const { name, source, image } = service;
  if (source === undefined) return image ?? "";
  if (!pulumi.runtime.isDryRun()) await ensureBases(source, { provider: providers.hms });
  const { PolicyImage } = await import("./policyImage");
  const built = new PolicyImage(
    name,
    {
      repository: registry.repository(name),
      context: path.relative(process.cwd(), source.context) || ".",
      dockerfile: source.dockerfile,
      buildArgs: source.buildArgs,
      contextHash: await hashContext(source),
      service: name,
      namespace: sandbox,
    },
    { providers },
  );
  return built.image;
}

/** Loaded, like the component above, only where something is to be built: most sandboxes run what is published. */
async function dockerProvider(): Promise<pulumi.ProviderResource> {
  const { Provider } = await import("@pulumi/docker");
  return new Provider("docker");
}
