import type { ColorFact } from "../../../core/rollout/plan";
import { releaseOf, type BoundRelease, type Release } from "../../../core/rollout/release";

/** A release told apart by its source only; the tag is the name in capitals. */
export const release = (name: string): Release =>
  releaseOf(
    {
      source: `context:${name}`,
      port: 8181,
      healthPath: "/health",
      env: {},
      secrets: {},
      resources: { cpu: "50m", memory: "64Mi" },
      longestRequestSeconds: 10,
      startupSeconds: 60,
    },
    name.toUpperCase(),
  );

export const bound = (name: string): BoundRelease => ({ ...release(name), image: `registry/x@sha256:${name}` });

/** A color that stands whole and proven with a release, but for `change`. */
export const fact = (name: string, change: Partial<ColorFact> = {}): ColorFact => ({
  release: bound(name),
  ready: 2,
  desired: 2,
  proven: true,
  missing: false,
  ...change,
});
