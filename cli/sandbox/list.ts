import { leftText } from "../../core/sandbox/lease";
import { dueOf, type SeenSandbox } from "../../core/sandbox/seen";
import { RefusedError } from "../../platform/errors";
import type { Databases } from "../../provider/sandbox/remove";
import { knownStacks, type Engine, type KnownStack } from "./engine";
import { standingSandboxes, urlOf, type SandboxPlace } from "./place";
import { sandboxFiles } from "./stackFile";

/** One sandbox, or what is left of one. Contract of `hms-sbx list --json`: keys are added, never renamed. */
export interface ListedSandbox {
  readonly name: string;
  /** `unfinished`: not all of it is there; `ended`: its lease is over; `leaving`: it is being destroyed. */
  readonly state: "running" | "ended" | "leaving" | "unfinished";
  readonly url: string | null;
  readonly owner: string | null;
  readonly purpose: string | null;
  readonly snapshot: string | null;
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  /** Where something of it was found. */
  readonly found: readonly ("cluster" | "database" | "state" | "file")[];
  readonly problems: readonly string[];
}

/** Union of what stands in the cluster, on the database server, in the engine's records, and of files here. */
export async function listSandboxes(
  place: SandboxPlace,
  databases: Databases,
  engine: Engine,
): Promise<readonly ListedSandbox[]> {
  const { signal } = engine;
  // Databases before namespaces: one that is made meanwhile has its namespace first.
  const [clones, stacks] = await Promise.all([clonesOf(databases, engine), knownStacks(engine)]);
  const standing = await standingSandboxes(place, signal);
  return union(place, { standing, clones, stacks, files: sandboxFiles(place) }, new Date());
}

/** What the server does not tell is left out of a list, and that is said. */
async function clonesOf(databases: Databases, { signal, onLine }: Engine): Promise<readonly string[]> {
  try {
    return await databases.list(signal);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    onLine(`databases of sandboxes are not in this list: ${error.message}`);
    return [];
  }
}

interface Found {
  readonly standing: readonly SeenSandbox[];
  readonly clones: readonly string[];
  readonly stacks: readonly KnownStack[];
  readonly files: readonly string[];
}

export function union(place: Pick<SandboxPlace, "common">, found: Found, now: Date): readonly ListedSandbox[] {
  const { standing, clones, stacks, files } = found;
  const names = new Set([...standing.map(({ name }) => name), ...clones, ...stacks.map(({ name }) => name), ...files]);
  return [...names].sort().map((name) => {
    const own = standing.find((one) => one.name === name);
    const places: Readonly<Record<ListedSandbox["found"][number], boolean>> = {
      cluster: own !== undefined,
      database: clones.includes(name),
      state: stacks.some((one) => one.name === name),
      file: files.includes(name),
    };
    const { identity } = own ?? {};
    const whole = places.cluster && places.database && places.state;
    return {
      name,
      state: stateOf(own, whole, place, now),
      url: own ? urlOf(place, name) : null,
      owner: own ? own.owner : null,
      purpose: identity?.purpose ?? null,
      snapshot: identity?.snapshot ?? null,
      createdAt: (identity?.createdAt ?? own?.madeAt)?.toISOString() ?? null,
      expiresAt: own ? dueOf(own, place.common.limits).toISOString() : null,
      found: (["cluster", "database", "state", "file"] as const).filter((one) => places[one]),
      problems: own?.problems ?? [],
    };
  });
}

function stateOf(
  own: SeenSandbox | undefined,
  whole: boolean,
  { common }: Pick<SandboxPlace, "common">,
  now: Date,
): ListedSandbox["state"] {
  if (own?.leaving === true) return "leaving";
  if (own && dueOf(own, common.limits) <= now) return "ended";
  return whole ? "running" : "unfinished";
}

export function listText(listed: readonly ListedSandbox[], now: Date): string {
  if (listed.length === 0) return "there are no sandboxes";
  const rows = listed.map(({ name, state, owner, expiresAt, url, found, purpose }) => [
    name,
    state,
    owner ?? "-",
    expiresAt === null ? "-" : leftText({ expiresAt: new Date(expiresAt) }, now),
    url ?? `left in: ${found.join(", ")}`,
    purpose ?? "",
  ]);
  const all = [["NAME", "STATE", "OWNER", "LEFT", "ADDRESS", "PURPOSE"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
