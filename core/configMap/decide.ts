import { COLORS, type Color } from "../rollout/color";
import type { PlannedColor, RolloutPlan } from "../rollout/plan";
import { describeRelease } from "../rollout/release";
import { configMapName, contentOf, contentProblem, type ConfigContent } from "./content";

export interface ConfigDecision {
  /** The ConfigMaps that are to be there, by name. */
  readonly wanted: Readonly<Record<string, ConfigContent>>;
  /** Why a color cannot get its release. */
  readonly problems: readonly string[];
  /** What is wrong with a color that is left alone. */
  readonly warnings: readonly string[];
}

interface Known {
  readonly service: string;
  readonly plan: Pick<RolloutPlan, "colors" | "changes">;
  /** Files of the release that the source makes now. */
  readonly own: ReadonlyMap<string, Uint8Array> | undefined;
  /** What stands in the cluster, by name of the ConfigMap. */
  readonly found: Readonly<Record<string, ConfigContent | null>>;
  /** Colors whose pods read the mutable ConfigMap of their color. */
  readonly shared: readonly Color[];
}

/** Names of the ConfigMaps that the colors of a plan need. */
export function configMapNames(service: string, { plan, shared }: Pick<Known, "plan" | "shared">): string[] {
  const names = planned({ plan, shared }).map(({ release }) => configMapName(service, release.spec));
  return [...new Set(names)];
}

/**
 * The content of each ConfigMap that a plan needs. Of a release that is not made from the source as it is now, the
 * cluster has the only copy of its files: a color cannot get such a release without it, and one that has it already is
 * left alone, for its pods run.
 */
export function decideConfigMaps(known: Known): ConfigDecision {
  const wanted: Record<string, ConfigContent> = {};
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const { color, release } of planned(known)) {
    const { service, plan, found } = known;
    const name = configMapName(service, release.spec);
    const standing = found[name] ?? undefined;
    const wrong = standing && contentProblem(release.spec, standing);
    const content = wrong === undefined ? (standing ?? fromSource(release, known.own)) : undefined;
    if (content) {
      wanted[name] = content;
      continue;
    }
    const who = `${service}: ConfigMap ${name}, with which ${describeRelease(release)} was proven,`;
    const what = wrong === undefined ? "is gone" : `is not what it was: ${wrong}; delete it`;
    if (color === plan.changes) {
      problems.push(`${who} ${what}. Deploy the source of that release again, or another release`);
    } else {
      warnings.push(`${who} ${what}. Pods of ${color} that start anew may fail; deploy a release to replace it`);
    }
  }
  return { wanted, problems, warnings };
}

function planned({ plan, shared }: Pick<Known, "plan" | "shared">) {
  return COLORS.flatMap((color): readonly { readonly color: Color; readonly release: PlannedColor }[] => {
    const release = plan.colors[color];
    return release && !shared.includes(color) ? [{ color, release }] : [];
  });
}

/** `undefined` when the source has other files by now. */
function fromSource({ spec }: PlannedColor, own: Known["own"]): ConfigContent | undefined {
  const paths = Object.keys(spec.config?.files ?? {});
  const files = new Map(
    paths.flatMap((path) => {
      const bytes = own?.get(path);
      return bytes ? [[path, bytes] as const] : [];
    }),
  );
  const content = contentOf(spec, files);
  return contentProblem(spec, content) === undefined ? content : undefined;
}
