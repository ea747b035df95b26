import { z } from "zod";
import { canonicalJson } from "../canonicalJson";

/** The instant that stands for none. */
const NO_TIME = "1970-01-01T00:00:00Z";

const configSchema = z.looseObject({
  rootfs: z.looseObject({ diff_ids: z.array(z.string().min(1)) }),
  history: z.array(z.looseObject({ created_by: z.string().default(""), empty_layer: z.boolean().default(false) })),
  config: z.looseObject({}).nullish(),
});
export type ImageConfig = z.infer<typeof configSchema>;

/** An image that a Dockerfile names. */
export interface Base {
  /** DiffIDs, the lowest first. */
  readonly layers: readonly string[];
  /** Entries of its history. */
  readonly steps: number;
}

export const readImageConfig = (text: string): ImageConfig => configSchema.parse(JSON.parse(text));

/** Of the images that a Dockerfile names the one that this one was built upon; `undefined` for one built upon nothing. */
export function baseOf({ rootfs, history }: ImageConfig, named: readonly Base[]): Base | undefined {
  const fits = ({ layers, steps }: Base) =>
    layers.length > 0 && steps <= history.length && layers.every((layer, index) => rootfs.diff_ids[index] === layer);
  return named.filter(fits).sort((a, b) => b.layers.length - a.layers.length)[0];
}

/**
 * Numbers of the layers that this build copied or made folders in. What a RUN made is left as it is: programs compare the times of
 * what they wrote there, and no two runs are alike anyway. `undefined` where the history does not tell layers apart.
 */
export function copiedLayers({ rootfs, history }: ImageConfig, base: Base | undefined): readonly number[] | undefined {
  const made = history.filter(({ empty_layer: empty }) => !empty);
  if (made.length !== rootfs.diff_ids.length) return undefined;
  return made.flatMap(({ created_by: by }, layer) =>
    layer >= (base?.layers.length ?? 0) && /#\(nop\)|^(?:COPY|ADD|WORKDIR)\b/.test(by) ? [layer] : [],
  );
}

/** Of the builder and its containers, which are others each time. */
const OF_THE_BUILDER = ["container", "container_config", "docker_version"] as const;

/** The configuration without times of this build and names of its containers: the same steps upon the same base, the same text. */
export function timelessConfig(config: ImageConfig, base: Base | undefined, layers: readonly string[]): string {
  const { Image: _parent, Hostname: _container, ...settings } = config.config ?? {};
  const kept = Object.entries(config).filter(([name]) => !OF_THE_BUILDER.some((one) => one === name));
  return canonicalJson({
    ...Object.fromEntries(kept),
    created: NO_TIME,
    config: settings,
    rootfs: { ...config.rootfs, diff_ids: layers },
    history: config.history.map(({ empty_layer: empty, ...step }, index) => ({
      ...step,
      ...(empty ? { empty_layer: true } : {}),
      ...(index < (base?.steps ?? 0) ? {} : { created: NO_TIME }),
    })),
  });
}
