import { subjectOfTag, type StoredImage, type Use } from "./image";

/** How many releases stay in each repository besides those in use. */
export const KEPT_RELEASES = 5;
/** What nothing refers to stays for so long: it may be half of a push. */
export const GRACE_MS = 24 * 3600_000;

export interface RetentionCase {
  /** All of the repositories that are looked at. */
  readonly images: readonly StoredImage[];
  /** What is needed anywhere, in whatever color, account or repository. */
  readonly inUse: readonly Use[];
  /** @default KEPT_RELEASES */
  readonly keep?: number;
  readonly now: Date;
  /** @default GRACE_MS */
  readonly graceMs?: number;
}

export interface Decision {
  readonly image: StoredImage;
  readonly remove: boolean;
  /** For people; every image has one. */
  readonly reason: string;
}

/**
 * What goes and what stays, in the order in which it may go: an index before what it lists, an image before what is
 * about it, so that a registry never holds half of something that is kept. A release is an image or index with a tag of
 * its own that is part of no other. Stays: what is in use, the newest releases of each repository that nobody uses, what
 * those list, and what is about them.
 */
export function selectForRemoval({
  images,
  inUse,
  keep = KEPT_RELEASES,
  now,
  graceMs = GRACE_MS,
}: RetentionCase): readonly Decision[] {
  const uses = new Map<string, string>();
  for (const { digest, why } of inUse) if (!uses.has(digest)) uses.set(digest, why);
  const before = now.getTime() - graceMs;
  const repositories = [...new Set(images.map(({ repository }) => repository))].sort();
  return repositories.flatMap((repository) =>
    new Shelf(images.filter((image) => image.repository === repository)).decide(uses, keep, before),
  );
}

/** One repository. */
class Shelf {
  private readonly byDigest: ReadonlyMap<string, StoredImage>;
  private readonly indexes = new Map<string, StoredImage[]>();
  private readonly about = new Map<string, StoredImage[]>();
  private readonly kept = new Map<string, string>();

  constructor(images: readonly StoredImage[]) {
    this.byDigest = new Map(images.map((image) => [image.digest, image]));
    for (const image of this.byDigest.values()) {
      for (const child of image.children) push(this.indexes, child, image);
      if (image.subject !== null) push(this.about, image.subject, image);
    }
  }

  decide(uses: ReadonlyMap<string, string>, keep: number, before: number): readonly Decision[] {
    for (const image of this.byDigest.values()) {
      const why = uses.get(image.digest);
      if (why !== undefined) this.keepWhole(image, why);
    }
    const others = this.releases().filter(({ digest }) => !this.kept.has(digest));
    for (const image of others.filter(({ at }) => at === null))
      this.keepWith(image, "nobody knows how old it is: neither the registry, the image nor the ledger says");
    const aged = others.filter(({ at }) => at !== null).sort(newestFirst);
    aged.slice(0, keep).forEach((image, index) => {
      this.keepWith(image, `nobody uses it; number ${index + 1} of the last ${keep} others`);
    });
    for (const image of this.loose()) {
      if (this.kept.has(image.digest)) continue;
      if (image.at === null) this.keepWith(image, "nothing refers to it, but nobody knows how old it is");
      else if (Date.parse(image.at) > before)
        this.keepWith(image, "nothing refers to it, but it may be half of a push");
    }
    return this.inOrder().map((image) => {
      const reason = this.kept.get(image.digest);
      return reason === undefined
        ? { image, remove: true, reason: this.whyGone(image, keep) }
        : { image, remove: false, reason };
    });
  }

  /** In use: with all that it is a part of, for whoever pulls the index pulls this. */
  private keepWhole(image: StoredImage, why: string): void {
    this.keepWith(image, why);
    for (const index of this.indexes.get(image.digest) ?? [])
      if (!this.kept.has(index.digest)) this.keepWhole(index, `lists ${short(image.digest)}, which is in use: ${why}`);
    const subject = image.subject === null ? undefined : this.byDigest.get(image.subject);
    if (subject && !this.kept.has(subject.digest))
      this.keepWhole(subject, `${short(image.digest)} is about it and in use: ${why}`);
  }

  /** With what it lists and what is about it. */
  private keepWith(image: StoredImage, why: string): void {
    if (this.kept.has(image.digest)) return;
    this.kept.set(image.digest, why);
    for (const digest of image.children) {
      const child = this.byDigest.get(digest);
      if (child) this.keepWith(child, `listed by ${named(image)}, which stays`);
    }
    for (const one of this.about.get(image.digest) ?? []) this.keepWith(one, `is about ${named(image)}, which stays`);
  }

  private releases(): readonly StoredImage[] {
    return [...this.byDigest.values()].filter((image) => this.isOwn(image) && ownTags(image).length > 0);
  }

  /** What has no tag of its own and hangs on nothing that is here. */
  private loose(): readonly StoredImage[] {
    return [...this.byDigest.values()].filter(
      (image) =>
        (this.isOwn(image) && ownTags(image).length === 0) ||
        (image.subject !== null && !this.byDigest.has(image.subject)),
    );
  }

  private isOwn({ digest, subject }: StoredImage): boolean {
    return subject === null && !this.indexes.has(digest);
  }

  private whyGone(image: StoredImage, keep: number): string {
    if (image.subject !== null && this.byDigest.has(image.subject))
      return `is about ${short(image.subject)}, which goes`;
    if (this.indexes.has(image.digest)) return "listed by nothing that stays";
    if (ownTags(image).length > 0 && image.subject === null)
      return `nobody uses it, and ${keep} newer ones that nobody uses stay`;
    return "nothing refers to it";
  }

  /** What refers to others comes first, whatever time it has. */
  private inOrder(): readonly StoredImage[] {
    const ordered = new Set<StoredImage>();
    const visit = (image: StoredImage, above: ReadonlySet<StoredImage>): void => {
      if (ordered.has(image) || above.has(image)) return;
      const way = new Set([...above, image]);
      for (const index of this.indexes.get(image.digest) ?? []) visit(index, way);
      const subject = image.subject === null ? undefined : this.byDigest.get(image.subject);
      if (subject) visit(subject, way);
      ordered.add(image);
    };
    for (const image of [...this.byDigest.values()].sort(newestFirst)) visit(image, new Set());
    return [...ordered];
  }
}

/** Tags by which people and stacks name it; those that tie it to another image are none. */
export const ownTags = ({ tags }: StoredImage): readonly string[] =>
  tags.filter((tag) => subjectOfTag(tag) === undefined);

const named = (image: StoredImage): string => ownTags(image)[0] ?? short(image.digest);

const short = (digest: string): string => digest.slice(0, "sha256:".length + 12);

/** Of one moment, the digest decides: two runs must not choose differently. */
const newestFirst = (a: StoredImage, b: StoredImage): number =>
  inOrderOf(b.at ?? "9", a.at ?? "9") || inOrderOf(a.digest, b.digest);

const inOrderOf = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
