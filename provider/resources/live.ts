import type { Color } from "../../core/rollout/color";
import type { ActualRollout } from "../../core/rollout/plan";
import type { DiffResult, Properties, PropertyDiff } from "../../platform/rpc";

/** What is live, in the words of the resources' inputs. */
export function liveRelease({
  live,
  colors,
}: ActualRollout): { readonly color: Color; readonly release: string } | undefined {
  const fact = live && colors[live];
  return live && fact ? { color: live, release: fact.release.id } : undefined;
}

/** Difference of a resource that is about one release on one color; everything else in its inputs only says how. */
export function movedProperties(olds: Properties, news: Properties): DiffResult {
  const replaces = ["service", "namespace"].filter((key) => olds[key] !== news[key]);
  const detailed: Record<string, PropertyDiff> = {};
  for (const key of ["color", "release"]) if (olds[key] !== news[key]) detailed[key] = { kind: "update" };
  for (const key of replaces) detailed[key] = { kind: "update-replace" };
  return { changes: Object.keys(detailed).length > 0, replaces, detailed };
}
