import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  ADMISSION,
  ADMISSION_SECRET,
  admissionDeployment,
  admissionHost,
  admissionNamespace,
  admissionService,
  keysData,
  nodePortFor,
  webhookName,
  webhooks,
} from "../core/admission/objects";
import type { SigningWish } from "../core/attest/wish";
import { CLUSTER } from "../platform/local/layout";
import { ServingCertificate } from "../provider/sdk";
import { runnerImage } from "../provider/sdkFunctions";
import { OWNED } from "./colorStack";

export interface AdmissionArgs {
  /** The stack's namespace, whose pods are guarded. */
  readonly namespace: string;
  readonly kubeContext: string;
  /** The runner's image by digest. @default - the local platform's own */
  readonly image?: string;
  readonly signing: SigningWish;
}

/**
 * The cluster's own lock on a stack's namespace: no pod starts there whose images nobody listed has signed, or whose
 * environment holds a secret. It fails closed, and stands in a namespace of its own, outside of what it guards.
 */
export class Admission extends pulumi.ComponentResource {
  constructor(name: string, args: AdmissionArgs, opts: pulumi.ComponentResourceOptions) {
    const { namespace, kubeContext, signing } = args;
    super("hms:delivery:Admission", name, { namespace }, opts);
    const own = admissionNamespace(namespace);
    const child = { parent: this };
    const metadata = (named: string) => ({ name: named, namespace: own, annotations: OWNED });
    const home = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata: { name: own, annotations: OWNED } }, child);
    const inside = { parent: this, dependsOn: home, deletedWith: home };
    const keys = new k8s.core.v1.ConfigMap(
      `${name}-keys`,
      { metadata: metadata(ADMISSION), data: keysData(signing.keys) },
      inside,
    );
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(ADMISSION), automountServiceAccountToken: false },
      inside,
    );
    const certificate = new ServingCertificate(
      name,
      { service: ADMISSION, namespace: own, host: admissionHost(namespace), secret: ADMISSION_SECRET },
      inside,
    );
    const image = pulumi.output(args.image ?? runnerImage({ parent: this }));
    const spec = image.apply((digest) =>
      admissionDeployment({
        ...{ namespace, image: digest, keys: signing.keys, attestations: signing.attestations },
        // Its pods cannot reach the registry of this machine otherwise.
        ...(kubeContext === CLUSTER.context ? { nodePort: nodePortFor(namespace) } : {}),
      }),
    );
    const pods = new k8s.apps.v1.Deployment(
      name,
      { metadata: metadata(ADMISSION), spec },
      { ...inside, dependsOn: [home, keys, account, certificate] },
    );
    const service = new k8s.core.v1.Service(
      name,
      { metadata: metadata(ADMISSION), spec: admissionService() },
      { ...inside, dependsOn: pods },
    );
    new k8s.admissionregistration.v1.ValidatingWebhookConfiguration(
      name,
      {
        metadata: { name: webhookName(namespace), annotations: OWNED },
        webhooks: certificate.bundle.apply((bundle) => webhooks(namespace, bundle)),
      },
      // It refuses everything while nobody answers: it comes last, and goes first.
      { parent: this, dependsOn: service },
    );
    this.registerOutputs({});
  }
}
