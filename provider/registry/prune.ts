import type { Needed } from "../../core/registry/inUse";
import type { StoredImage, Use } from "../../core/registry/image";
import { selectForRemoval, type Decision } from "../../core/registry/retention";
import { RefusedError } from "../../platform/errors";
import type { ImageStore } from "./store";

/** Repositories of one registry that are pruned. */
export interface Shelf {
  readonly store: ImageStore;
  /** Without the registry. */
  readonly repositories: readonly string[];
}

export interface PruneCase {
  readonly shelves: readonly Shelf[];
  /** All that is needed anywhere, read anew at each call. @throws Error when any of it cannot be told. */
  readonly needed: () => Promise<readonly Needed[]>;
  /** When releases were deployed, by digest, ISO 8601: an image is as young as its last deployment. */
  readonly deployed: ReadonlyMap<string, string>;
  readonly keep: number;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Decides of every image; takes nothing away. What is needed is read last: who deploys meanwhile is seen. */
export async function decidePrune(prune: PruneCase): Promise<readonly Decision[]> {
  const images: StoredImage[] = [];
  for (const { store, repositories } of prune.shelves)
    for (const repository of repositories)
      for (const image of await store.list(repository, prune.signal)) images.push(dated(image, prune.deployed));
  return judge(prune, images, await prune.needed());
}

/**
 * Takes away what `decisions` say may go, one by one, each by its digest. What is needed is read once more before: a
 * release that came into use since stops it. Killed between two, the next run goes on.
 * @param removed told of each that is gone.
 * @throws RefusedError with what is in use now; nothing was taken away then.
 */
export async function applyPrune(
  prune: PruneCase,
  decisions: readonly Decision[],
  removed: (image: StoredImage) => void,
): Promise<void> {
  const going = decisions.filter(({ remove }) => remove).map(({ image }) => image);
  if (going.length === 0) return;
  const again = judge(
    prune,
    decisions.map(({ image }) => image),
    await prune.needed(),
  );
  const stays = new Map(again.filter(({ remove }) => !remove).map(({ image, reason }) => [image, reason]));
  for (const image of going) {
    const reason = stays.get(image);
    if (reason === undefined) continue;
    const what = `${image.repository}@${image.digest}`;
    throw new RefusedError(`${what} has come into use meanwhile (${reason}); nothing was removed. Look again`);
  }
  for (const image of going) {
    prune.signal.throwIfAborted();
    const shelf = prune.shelves.find(({ store }) => image.repository.startsWith(`${store.where}/`));
    if (!shelf) throw new Error(`no registry is known for ${image.repository}`);
    await shelf.store.remove(image.repository.slice(shelf.store.where.length + 1), image.digest, prune.signal);
    removed(image);
  }
}

const dated = (image: StoredImage, deployed: ReadonlyMap<string, string>): StoredImage => {
  const at = [image.at, deployed.get(image.digest) ?? null].filter((time) => time !== null).sort();
  return { ...image, at: at.at(-1) ?? null };
};

function judge({ keep, now }: PruneCase, images: readonly StoredImage[], needed: readonly Needed[]) {
  const tagged = new Map(needed.flatMap((one) => one.tagged.map(({ name, why }) => [name, why] as const)));
  const byTag = images.flatMap(({ repository, digest, tags }) =>
    tags.flatMap((tag): readonly Use[] => {
      const why = tagged.get(`${repository.split("/").slice(1).join("/")}:${tag}`);
      return why === undefined ? [] : [{ digest, why }];
    }),
  );
  return selectForRemoval({ images, inUse: [...needed.flatMap(({ uses }) => uses), ...byTag], keep, now });
}
