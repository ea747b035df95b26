import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { SandboxConfig } from "../config/sandbox";
import { identityAnnotations, identityLabels, sandboxLabel } from "../core/sandbox/identity";
import { LIMIT, networkPolicies, QUOTA } from "../core/sandbox/isolation";
import { databaseOf, sandboxHost } from "../core/sandbox/name";
import { REAPER, reaperBinding } from "../core/sandbox/reaperObjects";
import { sandboxRouteSpec } from "../core/sandbox/route";
import { SandboxDatabase } from "../provider/sdk";
import { gateAddress, reviewFilter, reviewObjects } from "../provider/sharing/filter";
import { OWNED } from "./colorStack";
import { SandboxService } from "./sandboxService";

export interface SandboxArgs {
  readonly config: SandboxConfig;
  /** Image of each service, by digest. */
  readonly images: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * A sandbox: a namespace that keeps to itself, a clone of a scrubbed database, the services on it, and a host name.
 * Everything but database and role is in the namespace and goes with it, so a destroy needs nothing else to be known.
 */
export class Sandbox extends pulumi.ComponentResource {
  /** Where its reviewers reach it. */
  readonly url: string;

  constructor(name: string, args: SandboxArgs, opts: pulumi.ComponentResourceOptions) {
    const { identity, common, services } = args.config;
    super("hms:delivery:Sandbox", name, { owner: identity.owner, snapshot: identity.snapshot }, opts);
    const namespace = new k8s.core.v1.Namespace(
      name,
      {
        metadata: {
          name,
          labels: { ...identityLabels(identity), "pod-security.kubernetes.io/enforce": "restricted" },
          annotations: { ...OWNED, ...identityAnnotations(identity) },
        },
      },
      { parent: this },
    );
    const child = { parent: this, deletedWith: namespace, dependsOn: namespace };
    const bounds = this.bounds(name, args.config, child);
    new k8s.rbac.v1.RoleBinding(
      `${name}-reaper`,
      {
        metadata: { name: REAPER, namespace: name, labels: sandboxLabel(name), annotations: OWNED },
        ...reaperBinding(),
      },
      child,
    );
    const secret = this.database(name, args.config, namespace);
    for (const { service } of services) {
      const needsDatabase = Object.values(service.secrets).some((one) => one.secret === common.database.secret);
      new SandboxService(
        `${name}-${service.name}`,
        { sandbox: name, service, image: args.images[service.name] ?? "" },
        // A pod that came before its policies would be free for a moment.
        { parent: this, namespace, dependsOn: [...bounds, ...(needsDatabase ? [secret] : [])] },
      );
    }
    const gate = common.review ? this.gate(name, common.kubeContext, child) : [];
    const host = sandboxHost(name, common.domain);
    new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { name, namespace: name, labels: sandboxLabel(name), annotations: OWNED },
        spec: sandboxRouteSpec({
          host,
          gateway: common.gateway,
          paths: Object.fromEntries(services.map(({ service, paths }) => [service.name, paths])),
          filters: common.review ? [reviewFilter] : [],
        }),
      },
      // A route whose filter is missing answers nothing but errors.
      { ...child, dependsOn: [namespace, ...gate] },
    );
    const url = new URL(common.gateway.address);
    url.hostname = host;
    this.url = url.href.replace(/\/$/, "");
    this.registerOutputs({ url: this.url });
  }

  /** What asks the review gate; see provider/sharing/filter. */
  private gate(name: string, kubeContext: string, child: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return reviewObjects({ sandbox: name, address: gateAddress(kubeContext) }).map(
      ({ apiVersion, kind, metadata, spec }) =>
        new k8s.apiextensions.CustomResource(
          `${name}-${metadata.name ?? ""}`,
          { apiVersion, kind, metadata: { ...metadata, annotations: OWNED } as never, spec },
          child,
        ),
    );
  }

  /** What its pods may reach and take; there before the first of them. */
  private bounds(name: string, { common }: SandboxConfig, child: pulumi.CustomResourceOptions): pulumi.Resource[] {
    const metadata = (of: string) => ({ name: of, namespace: name, labels: sandboxLabel(name), annotations: OWNED });
    const policies = networkPolicies(common.database.reach, common.gateway.namespace);
    return [
      ...Object.entries(policies).map(
        ([of, spec]) => new k8s.networking.v1.NetworkPolicy(`${name}-${of}`, { metadata: metadata(of), spec }, child),
      ),
      new k8s.core.v1.ResourceQuota(`${name}-quota`, { metadata: metadata("quota"), spec: { hard: QUOTA } }, child),
      new k8s.core.v1.LimitRange(`${name}-limits`, { metadata: metadata("limits"), spec: { limits: [LIMIT] } }, child),
    ];
  }

  /** Its clone, and the Secret by which its services find it. */
  private database(name: string, { identity, common }: SandboxConfig, namespace: pulumi.Resource): pulumi.Resource {
    const { server, service, secret } = common.database;
    const password = new random.RandomPassword(`${name}-database`, { length: 32, special: false }, { parent: this });
    const [database, role] = [databaseOf(name), databaseOf(name)];
    const clone = new SandboxDatabase(
      name,
      {
        ...{ server, service, snapshot: identity.snapshot, database, role, password: password.result },
        sandbox: name,
      },
      // The namespace is the first to come and the last to go: whoever looks for sandboxes finds them by it.
      { parent: this, dependsOn: namespace },
    );
    return new k8s.core.v1.Secret(
      `${name}-database`,
      {
        metadata: { name: secret, namespace: name, labels: sandboxLabel(name), annotations: OWNED },
        stringData: {
          host: clone.host,
          port: pulumi.interpolate`${clone.port}`,
          database,
          user: role,
          password: password.result,
        },
      },
      { parent: this, deletedWith: namespace },
    );
  }
}
