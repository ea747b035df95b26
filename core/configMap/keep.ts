import { asArray, asObject, asString, path } from "../json";
import type { RolloutRecord } from "../rollout/record";
import { configMapName, isConfigMapOf } from "./content";

/**
 * The ConfigMaps of a service that nobody can need any more. Kept are those in use, those of both colors, and those of
 * every deployment that the record still knows, for a rollback may go to each of these.
 * @param existing names of ConfigMaps, listed before `inUse` and `record` were read
 * @param inUse names that a Deployment or a pod refers to
 */
export function superfluous(
  service: string,
  existing: readonly string[],
  inUse: ReadonlySet<string>,
  record: RolloutRecord,
): string[] {
  const releases = [record.colors.blue, record.colors.green, ...record.deployments.map(({ release }) => release)];
  const needed = new Set(releases.flatMap((release) => (release ? configMapName(service, release.spec) : [])));
  return existing.filter((name) => isConfigMapOf(service, name) && !needed.has(name) && !inUse.has(name));
}

/** Names of the ConfigMaps that the spec of a pod refers to. */
export function configMapsOf(podSpec: unknown): string[] {
  const containers = ["initContainers", "containers"].flatMap((key) => asArray(path(podSpec, key)));
  const refs = [
    ...containers.flatMap((one) => asArray(path(one, "envFrom"))).map((from) => path(from, "configMapRef", "name")),
    ...containers
      .flatMap((one) => asArray(path(one, "env")))
      .map((variable) => path(variable, "valueFrom", "configMapKeyRef", "name")),
    ...asArray(path(podSpec, "volumes")).flatMap((volume) => [
      path(volume, "configMap", "name"),
      ...asArray(path(asObject(path(volume, "projected")), "sources")).map((one) => path(one, "configMap", "name")),
    ]),
  ];
  return [...new Set(refs.flatMap((name) => asString(name) ?? []))];
}
