import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { environmentOf } from "../core/migrations/job";
import { LABEL, SERVICE_PORT } from "../core/rollout/names";
import { releaseOf } from "../core/rollout/release";
import { sandboxLabel } from "../core/sandbox/identity";
import type { ServiceConfig } from "../core/service/service";
import { OWNED } from "./colorStack";
import { deploymentSpec } from "./podTemplate";

export interface SandboxServiceArgs {
  /** Name of the sandbox, which is its namespace's too. */
  readonly sandbox: string;
  readonly service: ServiceConfig;
  /** By digest. */
  readonly image: pulumi.Input<string>;
}

/** One service of a sandbox: a single pod without a second color, for nobody's traffic depends on it. */
export class SandboxService extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: SandboxServiceArgs,
    opts: pulumi.ComponentResourceOptions & { namespace: pulumi.Resource },
  ) {
    const { sandbox, service, image } = args;
    const { namespace: home, ...rest } = opts;
    super("hms:delivery:SandboxService", name, { sandbox, service: service.name }, rest);
    // What stands in the namespace goes with it: one deletion instead of one for each object.
    const child = { parent: this, deletedWith: home };
    const labels = { ...sandboxLabel(sandbox), [LABEL.service]: service.name };
    const metadata = { name: service.name, namespace: sandbox, labels, annotations: OWNED };
    const release = releaseOf({ ...specOf(service), source: "sandbox" }, service.tag ?? sandbox);
    const environment = new k8s.core.v1.ConfigMap(`${name}-env`, { metadata, data: service.env }, child);
    new k8s.core.v1.Service(
      name,
      {
        // The Deployment is waited for; the URL is asked by whoever made the sandbox.
        metadata: { ...metadata, annotations: { ...OWNED, "pulumi.com/skipAwait": "true" } },
        spec: { selector: labels, ports: [{ name: "http", port: SERVICE_PORT, targetPort: "http", protocol: "TCP" }] },
      },
      child,
    );
    new k8s.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          ...deploymentSpec({
            service: service.name,
            release,
            image,
            selector: labels,
            sharedConfigMap: service.name,
            before: migrationsOf(service, image),
            drains: false,
          }),
          replicas: 1,
        },
      },
      { ...child, dependsOn: environment },
    );
    this.registerOutputs({});
  }
}

const specOf = ({
  port,
  healthPath,
  env,
  secrets,
  resources,
  longestRequestSeconds,
  startupSeconds,
}: ServiceConfig) => ({
  ...{ port, healthPath, env, secrets, resources, longestRequestSeconds, startupSeconds },
});

/** The clone gets the schema that this release needs, as the lasting stacks' databases do before its pods start. */
const migrationsOf = ({ env, secrets, migrations }: ServiceConfig, image: pulumi.Input<string>) =>
  migrations === undefined
    ? []
    : [
        {
          name: "migrate",
          image: migrations.image ?? image,
          command: migrations.up,
          ...environmentOf({ env, secrets }, migrations),
        },
      ];
