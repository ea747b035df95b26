import type { Color } from "./color";

/** Prefix of every label and annotation that is ours. */
const PREFIX = "hms.delivery";

/** Labels by which objects of a service are found. */
export const LABEL = {
  service: `${PREFIX}/service`,
  color: `${PREFIX}/color`,
  /** On the ConfigMaps of releases: the service that they are kept for. */
  config: `${PREFIX}/config`,
  /** On pods: id of their release. */
  release: `${PREFIX}/release`,
  /** On the Jobs of migrations and their pods: the service. */
  migrates: `${PREFIX}/migrates`,
  /** On these Jobs: `up` or `down`, and the number of the run. */
  direction: `${PREFIX}/direction`,
  run: `${PREFIX}/run`,
  /** On all that updates a fleet in the cluster: the fleet. */
  fleet: `${PREFIX}/fleet`,
} as const;

export const ANNOTATION = {
  /** On a fleet's Job: its stacks in the order of its indices, and from which sources. */
  fleetWork: `${PREFIX}/fleet-work`,
  /** On a color's Deployment: the release it runs, as JSON of `Release`. */
  release: `${PREFIX}/release`,
  /** On a color's Deployment: id of the release that passed its Verification there. */
  proven: `${PREFIX}/proven`,
  /** On a color's Deployment: the release that came through chaos there, and how it was tried. */
  chaos: `${PREFIX}/chaos`,
  /** On a color's Deployment: with which needed releases it was proven, as JSON of `ProvenWith`. */
  provenWith: `${PREFIX}/proven-with`,
  /** On the route, and as a copy on the lease: the `RolloutRecord`. */
  record: `${PREFIX}/rollout`,
  /** On the lease: what the rollout under way has come to, as JSON of `Journal`. */
  journal: `${PREFIX}/journal`,
} as const;

/** Response headers that the route adds, so that every answer says who gave it and under which weights. */
export const HEADER = {
  color: "x-hms-color",
  /** Marker of the patch that the answering proxy works with. */
  move: "x-hms-move",
  /** Request header that reaches one color before it has traffic; the value is `<color>.<token>`. */
  probe: "x-hms-probe",
} as const;

/** Names are contract: operators' scripts and dashboards use them. */
export const workloadName = (service: string, color: Color): string => `${service}-${color}`;
export const routeName = (service: string): string => service;
export const probeRouteName = (service: string): string => `${service}-probe`;
/** ConfigMap that names the configuration which is live, and the last good one before. */
export const configPointerName = (service: string): string => `${service}-config`;
/** ConfigMap with what is known of the migrations of each release. */
export const migrationNotesName = (service: string): string => `${service}-migrations`;
export const leaseName = (service: string): string => `${service}-rollout`;
/** Gateway or ListenerSet with the https listener of a service. */
export const httpsName = (service: string): string => `${service}-https`;
/** Secret with a service's certificate and key, where we or cert-manager make it. */
export const tlsSecretName = (service: string): string => `${service}-tls`;

/** Field managers, one a writer, so that managedFields tell who wrote what. */
export const FIELD_MANAGER = {
  switch: "hms-traffic-switch",
  verification: "hms-verification",
  lease: "hms-rollout-lease",
  certificate: "hms-certificate",
  migration: "hms-migration",
} as const;

/** Port of both colors' Services, whatever port the container listens on. */
export const SERVICE_PORT = 80;
