import { z } from "zod";
import { smokeTestSchema } from "../service/smoke";
import { describeRelease } from "./release";

/**
 * Beside what a release was proven, as it stands on its color's Deployment: which release of each needed service was live
 * then, and the examples of what is relied on, so that the needed service's next release can be asked the same.
 */
const provenWithSchema = z.object({
  /** Id of the release that was proven. */
  release: z.string(),
  needs: z.record(
    z.string(),
    z.object({ release: z.string(), tag: z.string(), examples: z.array(smokeTestSchema).readonly() }),
  ),
});

export type ProvenWith = Readonly<z.output<typeof provenWithSchema>>;

/** What was noted for this release; `undefined` for none, another release's, or a text that somebody edited. */
export function parseProvenWith(text: string | undefined, release: string): ProvenWith | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = provenWithSchema.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.release === release ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** `proven with drought-benefit v2 (3f1c…)`, one a needed service. */
export const describeProvenWith = (proven: ProvenWith | undefined): string[] =>
  Object.entries(proven?.needs ?? {}).map(
    ([service, { release, tag }]) => `proven with ${service} ${describeRelease({ id: release, tag })}`,
  );
