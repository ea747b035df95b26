import { ensureLayeredImage, madeBefore, type ImageOptions, type LayeredImage } from "./imageLayers";
import type { Layout } from "./layout";
import { postgresInputs, postgresLayer } from "./postgresImage";
import { nodeInputs, nodeLayers, RUNNER_RUNTIME, runnerProgram } from "./runnerImage";

/**
 * The runner's image with PostgreSQL's programs, which take and load snapshots. Kept apart from the runner's own: what
 * watches moves needs none of them. @returns its reference by digest
 * @throws RefusedError when packages or the registry are out of reach
 */
export const ensureDatabaseRunnerImage = (layout: Layout, options: ImageOptions): Promise<string> =>
  ensureLayeredImage(layout, described(layout, options), options);

/** The same if it is there already; nothing is made. */
export const standingDatabaseRunnerImage = (layout: Layout, options: ImageOptions): Promise<string | undefined> =>
  madeBefore(layout, described(layout, options));

function described(layout: Layout, options: ImageOptions): LayeredImage {
  const program = runnerProgram();
  return {
    what: "the image of snapshot jobs",
    repository: "hms/database-runner",
    runtime: RUNNER_RUNTIME,
    inputs: { ...nodeInputs(), postgres: postgresInputs(), ...program.inputs },
    layers: async () => [
      ...(await nodeLayers(layout, options)),
      await postgresLayer(layout, options),
      await program.layer(),
    ],
  };
}
