import { asArray, asNumber, asObject, asString, path } from "../json";
import { parseNotes } from "../migrations/note";
import { ANNOTATION } from "../rollout/names";
import { COLORS } from "../rollout/color";
import { parseRecord, type RolloutRecord } from "../rollout/record";
import type { Use } from "./image";

/** What somebody needs: contents by digest, and images that are named by a tag alone. */
export interface Needed {
  readonly uses: readonly Use[];
  /** `web:v1`: repository without its registry, for one registry may have several names, and a tag. */
  readonly tagged: readonly { readonly name: string; readonly why: string }[];
}

/** As much of an object of a cluster as is looked at. */
export interface SeenObject {
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/**
 * What an object of a cluster needs: whatever it names by digest, wherever it does, and the images of its containers.
 * @param cluster for people.
 * @throws Error for a rollout record that cannot be read: what it needs cannot be told.
 */
export function neededBy(object: SeenObject, cluster: string): Needed {
  const { kind, metadata } = object;
  const where = `${metadata.namespace ?? ""}/${metadata.name ?? ""} of ${cluster}`;
  const record = metadata.annotations?.[ANNOTATION.record];
  const recorded =
    record === undefined ? [] : usesOfRecord(parseRecord(record, `the rollout record on ${kind} ${where}`), where);
  const named = digestsIn(JSON.stringify({ ...object, metadata: { ...metadata, managedFields: undefined } }));
  const why = `${describeKind(object)} ${where}`;
  return {
    uses: [...recorded, ...named.map((digest) => ({ digest, why }))],
    tagged: imagesOf(object)
      .flatMap((image) => nameOf(image) ?? [])
      .map((name) => ({ name, why })),
  };
}

/** Images that `down` of a migration may have to run, from the notes of a service. */
export function neededByNotes(data: Readonly<Record<string, string>>, where: string): readonly Use[] {
  return [...parseNotes(data, where)].flatMap(([release, { work, state }]) =>
    state === "down"
      ? []
      : digestsIn(work.image).map((digest) => ({ digest, why: `migration of ${release}, ${where}` })),
  );
}

/** What a text names by digest: a stack file, for instance. */
export const neededByText = (text: string, why: string): readonly Use[] =>
  digestsIn(text).map((digest) => ({ digest, why }));

function usesOfRecord(record: RolloutRecord, where: string): readonly Use[] {
  const { live, colors, deployments, scheduled } = record;
  const use = (image: string, why: string) => digestsIn(image).map((digest) => ({ digest, why: `${why} ${where}` }));
  return [
    ...COLORS.flatMap((color) => {
      const release = colors[color];
      return release === null ? [] : use(release.image, color === live ? `live on ${color} of` : `on ${color} of`);
    }),
    ...(scheduled === undefined ? [] : use(scheduled.image, `scheduled for ${scheduled.at} in`)),
    ...deployments.flatMap(({ release }) => use(release.image, `can be gone back to (${release.tag}) in`)),
  ];
}

function describeKind(object: SeenObject): string {
  const replicas = asNumber(path(object, "spec", "replicas"));
  return replicas === undefined ? object.kind : `${object.kind} with ${replicas} replicas`;
}

const digestsIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/sha256:[0-9a-f]{64}(?![0-9a-f])/g)].map(([digest]) => digest)),
];

/** Images that the containers of a pod, or of what makes pods, name. */
function imagesOf(object: SeenObject): readonly string[] {
  const specs = [
    path(object, "spec"),
    path(object, "spec", "template", "spec"),
    path(object, "spec", "jobTemplate", "spec", "template", "spec"),
  ];
  return specs.flatMap((spec) =>
    ["containers", "initContainers", "ephemeralContainers"].flatMap((kind) =>
      asArray(asObject(spec)?.[kind]).flatMap((container) => asString(path(container, "image")) ?? []),
    ),
  );
}

/** `web:v1` of `127.0.0.1:5000/web:v1`; `undefined` for an image by digest. */
function nameOf(image: string): string | undefined {
  if (image.includes("@")) return undefined;
  const parts = image.split("/");
  const hosted = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] ?? "");
  const name = (hosted ? parts.slice(1) : parts).join("/");
  return name.includes(":") ? name : `${name}:latest`;
}
