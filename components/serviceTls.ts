import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { tlsSecretName } from "../core/rollout/names";
import { tlsObjects, type ServedHost, type TlsObject } from "../core/tls/objects";
import { LocalCertificate } from "../provider/sdk";
import { OWNED } from "./colorStack";

/** How long issuer and gateway have: an update that waits for a certificate waits with everything still as it was. */
const WITHIN = { create: "2m", update: "2m" } as const;

/**
 * The https side of one service: its certificate, and a listener of its own for its host name. It is there before any
 * traffic moves; the route attaches to it besides the shared Gateway.
 */
export class ServiceTls extends pulumi.ComponentResource {
  constructor(name: string, args: ServedHost, opts: pulumi.ComponentResourceOptions) {
    const { service, namespace, host, tls } = args;
    super("hms:delivery:ServiceTls", name, { service, namespace, host, kind: tls.kind }, opts);
    const certificates =
      tls.kind === "local"
        ? [
            new LocalCertificate(
              name,
              { service, namespace, hosts: [host], secret: tlsSecretName(service), port: tls.port },
              { parent: this },
            ),
          ]
        : [];
    tlsObjects(args).reduce<readonly pulumi.Resource[]>(
      (before, object) => [...before, this.object(name, object, before)],
      certificates,
    );
    this.registerOutputs({});
  }

  private object(name: string, object: TlsObject, before: readonly pulumi.Resource[]): pulumi.Resource {
    const { apiVersion, kind, spec } = object;
    const metadata = { ...object.metadata, annotations: { ...OWNED, ...object.metadata.annotations } };
    return new k8s.apiextensions.CustomResource(
      `${name}-${kind.toLowerCase()}`,
      { apiVersion, kind, metadata, spec },
      { parent: this, dependsOn: [...before], customTimeouts: WITHIN },
    );
  }
}
