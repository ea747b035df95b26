import * as path from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { SigningWish } from "../core/attest/wish";
import type { FreezePlace } from "../core/freeze/place";
import { COLORS, perColor, type Color } from "../core/rollout/color";
import { LABEL, probeRouteName } from "../core/rollout/names";
import { renderProbeRouteSpec } from "../core/rollout/route";
import { serviceHost, serviceUrl, shapeOf, type Reach } from "../core/tls/reach";
import { RolloutLease, SignedImage, TrafficSwitch, Verification } from "../provider/sdk";
import type { ScanWish } from "../core/scan/wish";
import { ColorStack, OWNED } from "./colorStack";
import { migrationsOf } from "./migrations";
import { examplesOf } from "./needsPlan";
import { chaosOf, moveBy, podsOf, signedBy, switched, target } from "./planArgs";
import { PolicyImage } from "./policyImage";
import type { Registry } from "./registry";
import { ReleaseConfigMaps } from "./releaseConfigMaps";
import { asksFreeze, type ServicePlan } from "./servicePlan";
import { ServiceTls } from "./serviceTls";

export interface PolicyServiceArgs extends Reach {
  /** What the plan found and decided; made from the cluster's state right before. */
  readonly plan: ServicePlan;
  readonly registry: Registry;
  /** Where gates ask, as seen from the engine. */
  readonly prometheus: string;
  /** Services that this one needs: nothing of its idle color changes before their traffic has moved. @default none */
  readonly needed?: readonly PolicyService[];
  /** What must be done before anything of this service changes: the waves before its own. @default nothing */
  readonly after?: readonly pulumi.Resource[];
  /** Services that may need this one; what their live releases rely on is part of its proof. @default none */
  readonly dependents?: readonly string[];
  /** Where a change-freeze is asked for. */
  readonly freeze: FreezePlace;
  /** True: no traffic moves without the word of the policy pack. @default - it is recorded where there is one */
  readonly production?: boolean;
  /** True: no traffic moves unless somebody's role was asked for. @default - it is recorded where it was */
  readonly permission?: boolean;
  /** What an image that is built here must not have in it. @default - none is scanned */
  readonly scan?: ScanWish;
  /** Whose signatures its images need. @default - none */
  readonly signing?: SigningWish;
  /** For moves that stop on their way or wait for an instant: the runner's image (empty: the local platform's), addresses as pods see them. */
  readonly watcher: { readonly image: string; readonly gateway: string; readonly prometheus: string };
}

/**
 * The whole of one service: image, both colors, proof, and the switch. A change of the release only ever touches the
 * idle color; the traffic follows when that color is proven, and never otherwise.
 */
export class PolicyService extends pulumi.ComponentResource {
  /** Where users reach the service. */
  readonly url: string;
  /** Done when its traffic is where this update wants it. */
  readonly moved: pulumi.Resource;
  private readonly shape;

  constructor(name: string, args: PolicyServiceArgs, opts: pulumi.ComponentResourceOptions) {
    const { plan, namespace, domain, tls, needed = [], after = [], dependents = [] } = args;
    const service = plan.service.name;
    super("hms:delivery:PolicyService", name, { namespace, domain }, opts);
    const host = serviceHost(args, service);
    const https =
      tls && new ServiceTls(name, { service, namespace, host, gateway: sharedOf(args), tls }, { parent: this });
    this.url = serviceUrl(args, service);
    this.shape = shapeOf(args, service);
    const { address } = args.gateway;
    const gateway = { ...this.shape.gateway, address };
    const { color, release, tag } = target(plan);

    const lease = new RolloutLease(
      name,
      {
        service,
        namespace,
        color,
        release,
        seen: plan.plan.from,
        takeOver: plan.takeOver,
        ...freezeOf(args),
        empties: plan.plan.changes !== null,
        host,
        gatewayAddress: address,
        healthPath: plan.service.healthPath,
        needs: {
          replicas: plan.plan.changes === null ? 0 : podsOf(plan.plan.changes, plan).replicas,
          ...plan.service.resources,
        },
      },
      // What cannot be served to users is not begun. What is needed moves first; if that fails, this service keeps the
      // release on its idle color as well.
      { parent: this, dependsOn: [...(https ? [https] : []), ...needed.map(({ moved }) => moved), ...after] },
    );
    const image = this.verified(name, args, this.image(name, args));
    const wanted = { service, namespace, color, release, tag, ...freezeOf(args) };
    // New code may need what its migration makes, old code must live with it: so it comes before the first new pod.
    const before = [lease, ...migrationsOf(plan, wanted, image, { parent: this, dependsOn: lease })];
    const configMaps = new ReleaseConfigMaps(name, { plan, namespace, lease }, { parent: this });
    const sides = perColor((side) => this.side(name, side, args, image, before, configMaps));
    const probeRoute = this.probeRoute(name, service);
    const verification = new Verification(
      name,
      {
        service,
        namespace,
        color,
        release,
        tag,
        host,
        gatewayAddress: address,
        healthPath: plan.service.healthPath,
        smoke: plan.service.smoke,
        ...(dependents.length === 0 ? {} : { dependents }),
        ...examplesOf(plan),
        ...signedBy(plan, args.signing),
        ...chaosOf(plan),
      },
      { parent: this, dependsOn: [probeRoute, ...before, ...COLORS.map((side) => sides[side])] },
    );
    this.moved = new TrafficSwitch(
      name,
      {
        service,
        namespace,
        hostnames: [host],
        gateway,
        ...switched(plan),
        seen: plan.plan.from,
        probePath: plan.service.healthPath,
        intent: plan.intent,
        ...moveBy(args.plan, args),
        takeOver: plan.takeOver,
        retry: plan.retry,
        ...freezeOf(args),
        ...(args.production ? { production: true } : {}),
        ...(args.permission ? { permission: true } : {}),
        ...(plan.approval === undefined ? {} : { approval: plan.approval }),
      },
      { parent: this, dependsOn: verification },
    );
    this.registerOutputs({ url: this.url });
  }

  /** Built whenever the service has a folder, also when nothing moves: an unchanged context builds nothing. */
  private image(name: string, { plan, registry, namespace, scan, signing }: PolicyServiceArgs): pulumi.Input<string> {
    const { source, image } = plan.service;
    if (!source || plan.contextHash === undefined) return image ?? "";
    const { context, dockerfile, buildArgs } = source;
    const built = new PolicyImage(
      name,
      {
        repository: registry.repository(plan.service.name),
        // Relative to the program, as the engine starts plugins there: two clones then have the same inputs.
        context: path.relative(process.cwd(), context) || ".",
        dockerfile,
        buildArgs,
        contextHash: plan.contextHash,
        service: plan.service.name,
        namespace,
        ...(scan === undefined ? {} : { scan }),
        ...(signing === undefined ? {} : { signing: attestingBy(signing) }),
      },
      { parent: this },
    );
    return built.image;
  }

  /** Nothing of an image runs before a listed key vouches for it; one that was built here is signed for that. */
  private verified(
    name: string,
    { plan, signing }: PolicyServiceArgs,
    image: pulumi.Input<string>,
  ): pulumi.Input<string> {
    if (signing === undefined) return image;
    const { admission: _clusters, ...wish } = signing;
    const built = plan.service.source !== undefined;
    return new SignedImage(name, { image, service: plan.service.name, built, ...wish }, { parent: this }).image;
  }

  private side(
    name: string,
    color: Color,
    args: PolicyServiceArgs,
    built: pulumi.Input<string>,
    before: readonly pulumi.Resource[],
    configMaps: ReleaseConfigMaps,
  ): ColorStack {
    const { service, plan } = args.plan;
    const release = plan.colors[color];
    return new ColorStack(
      `${name}-${color}`,
      {
        service: service.name,
        namespace: args.namespace,
        color,
        release,
        image: release?.image ?? built,
        sharedConfigMap: args.plan.configMaps.shared.includes(color),
        labels: service.labels,
        ...podsOf(color, args.plan),
      },
      // The live color waits for nobody: only the color that changes is guarded by the lease.
      { parent: this, dependsOn: [...(color === plan.changes ? before : []), ...configMaps.of(color)] },
    );
  }

  /** Reaches one color before it has traffic, by a header that only this stack knows. */
  private probeRoute(name: string, service: string): pulumi.Resource {
    const token = new random.RandomPassword(`${name}-probe`, { length: 32, special: false }, { parent: this });
    return new k8s.apiextensions.CustomResource(
      `${name}-probe`,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: {
          name: probeRouteName(service),
          namespace: this.shape.namespace,
          labels: { [LABEL.service]: service },
          annotations: OWNED,
        },
        spec: token.result.apply((value) => renderProbeRouteSpec(this.shape, value)),
      },
      { parent: this },
    );
  }
}

/** Who asks for a freeze: whoever brings a new release, never who goes back. */
const freezeOf = ({ plan, freeze }: PolicyServiceArgs): { readonly freeze?: FreezePlace } =>
  asksFreeze(plan) || plan.schedule ? { freeze } : {};

const attestingBy = ({ local, signer }: SigningWish) => ({ local, ...(signer === undefined ? {} : { signer }) });

const sharedOf = ({ gateway: { name, namespace } }: PolicyServiceArgs) => ({ name, namespace });
