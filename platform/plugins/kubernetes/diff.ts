/** What an update would change, by property path. */
import {
  isProperties,
  isUnknown,
  sameValue,
  type DiffKind,
  type DiffResult,
  type Properties,
  type PropertyDiff,
  type Value,
} from "../../rpc";
import { isBelow } from "./immutable";

export interface Change {
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
}

/** Changes from `olds` to `news`, as deep as they go; both plain. Lists of another length change item by item, too. */
export function changesBetween(olds: Value | undefined, news: Value | undefined, path = ""): Change[] {
  if (olds === undefined && news === undefined) return [];
  if (olds === undefined || olds === null) return news === undefined || news === null ? [] : [{ path, kind: "add" }];
  if (news === undefined || news === null) return [{ path, kind: "delete" }];
  if (isUnknown(news)) return [{ path, kind: "update" }];
  if (Array.isArray(olds) && Array.isArray(news)) {
    const longer = olds.length > news.length ? olds : news;
    return longer.flatMap((_, i) => changesBetween(olds[i], news[i], `${path}[${i}]`));
  }
  if (isProperties(olds) && isProperties(news)) {
    const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
    return names.flatMap((name) => changesBetween(olds[name], news[name], join(path, name)));
  }
  return sameValue(olds, news) ? [] : [{ path, kind: "update" }];
}

/** The same, but what `news` does not mention does not count: for objects that are not ours yet. */
export function changesOfMentioned(olds: Value | undefined, news: Value): Change[] {
  return changesBetween(olds, news).filter(({ kind }) => kind !== "delete");
}

export interface DiffParts {
  readonly changes: readonly Change[];
  readonly replaces: (path: string) => boolean;
  /** Paths that the display can compare input with input; the others show the output, which is the world after a refresh. */
  readonly inInputs: (path: string) => boolean;
  readonly ignoreChanges: readonly string[];
  /** The old object has to go first, because the new one has the same address. */
  readonly sameAddress: boolean;
}

export function diffResult({ changes, replaces, inInputs, ignoreChanges, sameAddress }: DiffParts): DiffResult {
  const counted = changes.filter(({ path }) => !ignoreChanges.some((ignored) => isBelow(path, ignored)));
  const detailed: Record<string, PropertyDiff> = {};
  for (const { path, kind } of counted) {
    const shown: DiffKind = replaces(path) ? `${kind}-replace` : kind;
    detailed[path] = { kind: shown, inputDiff: inInputs(path) };
  }
  const replacing = counted.filter(({ path }) => replaces(path)).map(({ path }) => path);
  return {
    changes: counted.length > 0,
    detailed,
    replaces: replacing,
    deleteBeforeReplace: replacing.length > 0 && sameAddress,
    stables: replacing.length > 0 ? [] : ["apiVersion", "kind"],
  };
}

/** One more step of a property path, quoted where a name would read as two. */
export function join(path: string, name: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${path}["${name.replaceAll('"', '\\"')}"]`;
  return path ? `${path}.${name}` : name;
}

/** The value at a path made by `join` and list indexes. */
export function valueAt(root: Properties, path: string): Value | undefined {
  const steps = [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\")*)"\]|([^.[\]]+)/g)];
  return steps.reduce<Value | undefined>((at, [, index, quoted, name]) => {
    if (index !== undefined) return Array.isArray(at) ? at[Number(index)] : undefined;
    const key = quoted?.replaceAll('\\"', '"') ?? name;
    return isProperties(at) && key !== undefined ? at[key] : undefined;
  }, root);
}
