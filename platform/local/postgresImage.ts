import { debianInputs, debianLayer, ensureLayeredImage, type ImageOptions } from "./imageLayers";
import type { Layout } from "./layout";
import type { ImageRuntime, Layer } from "./ociImage";
import { nodeInputs, rootfsLayer } from "./runnerImage";

const POSTGRES = "hms-postgres";

const RUNTIME: ImageRuntime = {
  entrypoint: ["/bin/sh", "/usr/local/lib/hms-postgres/serve"],
  user: "65532:65532",
  env: ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8"],
  // Ends sessions and stops cleanly; what ends other programs makes it wait for its clients to leave.
  stopSignal: "SIGINT",
};

/**
 * The image of a PostgreSQL server, in the local registry: Debian's packages on the runner's root file system. Its data
 * are to be mounted at /var/lib/postgresql, the superuser's password at /run/secrets/postgres. @returns its reference by digest
 * @throws RefusedError when packages or the registry are out of reach
 */
export function ensurePostgresImage(layout: Layout, options: ImageOptions): Promise<string> {
  return ensureLayeredImage(
    layout,
    {
      what: "PostgreSQL's image",
      repository: "hms/postgres",
      runtime: RUNTIME,
      inputs: { rootfs: nodeInputs().rootfs, postgres: postgresInputs() },
      layers: async () => [await rootfsLayer(layout, options), await postgresLayer(layout, options)],
    },
    options,
  );
}

export const postgresInputs = (): string => debianInputs(POSTGRES);

/** PostgreSQL's server and client programs. To be called under the lock. */
export const postgresLayer = (layout: Layout, options: ImageOptions): Promise<Layer> =>
  debianLayer(layout, "postgres", POSTGRES, options);
