import { strict as assert } from "node:assert";
import fc from "fast-check";
import { readManifest } from "../../../core/registry/manifest";
import { selectForRemoval, type Decision } from "../../../core/registry/retention";
import { sha256 } from "../../../core/sha256";
import { subjectOfTag, type StoredImage, type Use } from "../../../core/registry/image";

const NOW = new Date("2026-06-01T00:00:00Z");
const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString();
const digests = new Map<string, string>();
function digest(name: string): string {
  const known = digests.get(name) ?? `sha256:${sha256(name)}`;
  digests.set(name, known);
  return known;
}

const image = (name: string, change: Partial<StoredImage> = {}): StoredImage => ({
  repository: "127.0.0.1:5001/web",
  digest: digest(name),
  tags: [name],
  at: day(1),
  children: [],
  subject: null,
  bytes: 10,
  ...change,
});

const decide = (images: readonly StoredImage[], inUse: readonly Use[] = [], keep?: number): readonly Decision[] =>
  selectForRemoval({ images, inUse, now: NOW, ...(keep === undefined ? {} : { keep }) });

const gone = (decisions: readonly Decision[]): readonly string[] =>
  decisions.filter(({ remove }) => remove).map(({ image: { digest } }) => digest);

const releases = (count: number): StoredImage[] =>
  Array.from({ length: count }, (_, index) => image(`v${index + 1}`, { at: day(index + 1) }));

describe("retention", () => {
  it("keeps the last five releases and says of each why", () => {
    const decisions = decide(releases(7));
    assert.deepEqual(
      decisions.map(({ image, remove, reason }) => [image.tags[0], remove, reason]),
      [
        ["v7", false, "nobody uses it; number 1 of the last 5 others"],
        ["v6", false, "nobody uses it; number 2 of the last 5 others"],
        ["v5", false, "nobody uses it; number 3 of the last 5 others"],
        ["v4", false, "nobody uses it; number 4 of the last 5 others"],
        ["v3", false, "nobody uses it; number 5 of the last 5 others"],
        ["v2", true, "nobody uses it, and 5 newer ones that nobody uses stay"],
        ["v1", true, "nobody uses it, and 5 newer ones that nobody uses stay"],
      ],
    );
  });

  it("does not count what is in use, however old, and says who uses it", () => {
    const decisions = decide(releases(8), [
      { digest: digest("v1"), why: "live on blue of hms-prod/web" },
      { digest: digest("v8"), why: "on green of hms-prod/web" },
    ]);
    assert.deepEqual(gone(decisions), [digest("v2")]);
    assert.equal(decisions.at(-1)?.reason, "live on blue of hms-prod/web");
  });

  it("keeps what is live in one account in the registry of every other", () => {
    const there = releases(7).map((one) => ({ ...one, repository: "127.0.0.1:5002/web" }));
    const decisions = decide([...releases(7), ...there], [{ digest: digest("v1"), why: "live in epa" }]);
    assert.deepEqual(gone(decisions), [digest("v2"), digest("v2")]);
    assert.equal(decisions.filter(({ reason }) => reason === "live in epa").length, 2);
  });

  it("keeps an index with what it lists, counts it once, and lets it go before what it lists", () => {
    const indexes = releases(6).map((one) => ({ ...one, children: [digest(`${String(one.tags[0])}-a`)] }));
    const children = releases(6).map((one) => image(`${String(one.tags[0])}-a`, { at: one.at }));
    const decisions = decide([...children, ...indexes]);
    assert.deepEqual(gone(decisions), [digest("v1"), digest("v1-a")]);
    const child = decisions.find(({ image }) => image.digest === digest("v6-a"));
    assert.equal(child?.reason, "listed by v6, which stays");
  });

  it("keeps an index of which only one image runs, and that image where its index is as old as it likes", () => {
    const old = image("old", { children: [digest("old-a"), digest("old-b")], at: day(1) });
    const parts = ["old-a", "old-b"].map((name) => image(name, { tags: [], at: day(1) }));
    const newer = releases(9).map((one) => ({ ...one, at: day(50) }));
    const decisions = decide([old, ...parts, ...newer], [{ digest: digest("old-b"), why: "runs in hms-dev" }]);
    assert.deepEqual(
      decisions.filter(({ remove, image }) => remove && !/^v/.test(image.tags[0] ?? "")),
      [],
    );
  });

  it("lets signatures and attestations live and die with their image", () => {
    const signature = (of: string, kind: string) =>
      image(`${of}.${kind}`, { tags: [`${of.replace(":", "-")}.${kind}`], subject: of, at: day(100) });
    const images = releases(6).flatMap((one) => [one, signature(one.digest, "sig"), signature(one.digest, "att")]);
    const decisions = decide(images);
    assert.deepEqual(gone(decisions)[0], digest("v1"), "the image first: a signature alone is taken by the next run");
    assert.equal(gone(decisions).length, 3);
    assert.match(decisions.find(({ remove, image }) => remove && image.subject)?.reason ?? "", /^is about .* goes$/);
  });

  it("keeps what an attestation of a kept image is signed with, however deep", () => {
    const kept = image("v1");
    const attestation = image("att", { tags: [], subject: kept.digest });
    const signature = image("att-sig", { tags: [], subject: attestation.digest });
    assert.deepEqual(gone(decide([signature, attestation, kept])), []);
  });

  it("takes what nothing refers to when it cannot be half of a push any more", () => {
    const old = image("old", { tags: [], at: day(1) });
    const fresh = image("fresh", { tags: [], at: new Date(NOW.getTime() - 3600_000).toISOString() });
    const lost = image("lost", {
      subject: digest("not there"),
      tags: [`${digest("not there").replace(":", "-")}.sig`],
    });
    const decisions = decide([old, fresh, lost, ...releases(5)]);
    assert.deepEqual(new Set(gone(decisions)), new Set([old.digest, lost.digest]));
  });

  it("keeps what nobody knows the age of, and does not count it", () => {
    const unknown = image("timeless", { at: null });
    const decisions = decide([unknown, ...releases(6)]);
    assert.deepEqual(gone(decisions), [digest("v1")]);
    assert.match(decisions.find(({ image }) => image === unknown)?.reason ?? "", /^nobody knows how old it is/);
  });

  it("knows tags that tie something to an image", () => {
    const hex = "a".repeat(64);
    for (const suffix of ["", ".sig", ".att", ".sbom"])
      assert.equal(subjectOfTag(`sha256-${hex}${suffix}`), `sha256:${hex}`);
    for (const tag of ["v1", "sha256-abc", `sha256-${hex}.`, hex]) assert.equal(subjectOfTag(tag), undefined);
  });

  it("reads images and indexes, and nothing else", () => {
    const layer = { digest: digest("layer"), size: 7 };
    const plain = { config: { digest: digest("config"), size: 3 }, layers: [layer, layer] };
    assert.deepEqual(readManifest(JSON.stringify({ ...plain, subject: { digest: digest("v1") } }), "x"), {
      children: [],
      subject: digest("v1"),
      config: digest("config"),
      bytes: 17,
      created: null,
    });
    const index = readManifest(JSON.stringify({ manifests: [layer] }), "x");
    assert.deepEqual(index.children, [digest("layer")]);
    for (const text of ["", "{}", "[]", '{"fsLayers":[]}', '{"manifests":[{"size":1}]}'])
      assert.throws(() => readManifest(text, "web@sha256:1"), /web@sha256:1 is/);
  });
});

/** Releases of one service as three accounts have them, each in a repository of its own, and who uses what. */
interface World {
  readonly images: readonly StoredImage[];
  readonly uses: readonly Use[];
}

const ACCOUNTS = ["usda", "epa", "doi"] as const;
const RELEASES = 30;

const releaseArb = fc.record({
  /** Accounts whose registry has it. */
  in: fc.subarray([...ACCOUNTS], { minLength: 1 }),
  at: fc.integer({ min: 1, max: 120 }),
  children: fc.integer({ min: 0, max: 3 }),
  signed: fc.boolean(),
  attested: fc.integer({ min: 0, max: 2 }),
  /** Tag of a signature's own, or only its word for what it is about. */
  bareSignature: fc.boolean(),
  tags: fc.integer({ min: 1, max: 3 }),
});

const useArb = fc.record({
  release: fc.integer({ min: 0, max: RELEASES - 1 }),
  child: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
  why: fc.constantFrom("live on blue of usda", "live on green of epa", "idle in doi", "goes back to it", "stack file"),
});

const worldArb = fc
  .record({
    releases: fc.array(releaseArb, { minLength: RELEASES, maxLength: RELEASES }),
    uses: fc.array(useArb, { maxLength: 14 }),
    /** A layer set that two releases share. */
    shared: fc.option(fc.integer({ min: 0, max: RELEASES - 2 }), { nil: undefined }),
  })
  .map(({ releases, uses, shared }): World => {
    const images = releases.flatMap((release, number) => {
      const name = `r${number}`;
      const own = Array.from({ length: release.children }, (_, index) => `${name}-c${index}`);
      const parts = shared === number || shared === number - 1 ? [...own, `shared-${shared}`] : own;
      return release.in.flatMap((account) => {
        const base = { repository: `${account}/web`, at: day(release.at) };
        const main = image(name, {
          ...base,
          tags: Array.from({ length: release.tags }, (_, index) => `${name}-t${index}`),
          children: parts.map(digest),
        });
        const kinds = [...(release.signed ? ["sig"] : []), ...["att", "sbom"].slice(0, release.attested)];
        const about = kinds.map((kind) =>
          image(`${name}.${kind}`, {
            ...base,
            tags: release.bareSignature ? [] : [`${main.digest.replace(":", "-")}.${kind}`],
            subject: main.digest,
          }),
        );
        return [main, ...parts.map((part) => image(part, { ...base, tags: [] })), ...about];
      });
    });
    const found = new Map(images.map((one) => [`${one.repository}@${one.digest}`, one]));
    return {
      images: [...found.values()],
      uses: uses.map(({ release, child, why }) => ({
        digest: digest(child === undefined ? `r${release}` : `r${release}-c${child}`),
        why,
      })),
    };
  });

describe("retention, over 30 releases in 3 accounts in random use", () => {
  it("selects nothing that is in use or belongs to it, and keeps exactly the last 5 others", () => {
    fc.assert(
      fc.property(worldArb, ({ images, uses }) => {
        const used = new Set(uses.map(({ digest }) => digest));
        const decisions = decide(images, uses);
        assert.equal(decisions.length, images.length, "every image is decided once");
        for (const account of ACCOUNTS) {
          const here = decisions.filter(({ image }) => image.repository === `${account}/web`);
          const removed = new Set(gone(here));
          const there = new Map(here.map(({ image }) => [image.digest, image]));
          const tagged = here
            .map(({ image }) => image)
            .filter(({ tags, subject }) => tags.length > 0 && subject === null);
          const isUsed = (one: StoredImage) => used.has(one.digest) || one.children.some((child) => used.has(child));
          for (const one of tagged) if (isUsed(one)) assert.ok(!removed.has(one.digest), "a release in use");
          for (const one of here.map(({ image }) => image)) {
            if (used.has(one.digest)) assert.ok(!removed.has(one.digest), "in use");
            if (removed.has(one.digest)) continue;
            for (const child of one.children) assert.ok(!removed.has(child), "listed by what stays");
          }
          const others = tagged.filter((one) => !isUsed(one));
          const staying = others.filter((one) => !removed.has(one.digest));
          assert.equal(staying.length, Math.min(5, others.length));
          const oldest = staying.reduce((least, { at }) => ((at ?? "") < least ? (at ?? "") : least), "9");
          for (const one of others)
            if (removed.has(one.digest)) assert.ok((one.at ?? "") <= oldest, "an older one stays");
          // And nothing is left behind by what goes.
          const stays = (digest: string) => there.has(digest) && !removed.has(digest);
          const listed = new Set(here.flatMap(({ image, remove }) => (remove ? [] : image.children)));
          for (const one of there.values()) {
            const { digest, subject } = one;
            if (subject !== null) assert.equal(stays(digest), stays(subject), "goes with what it is about");
            else if (one.tags.length === 0) assert.equal(stays(digest), listed.has(digest), "goes with what lists it");
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("lets nothing go before what refers to it", () => {
    fc.assert(
      fc.property(worldArb, ({ images, uses }) => {
        const order = decide(images, uses).map(({ image }) => image);
        order.forEach((one, index) => {
          const before = order.slice(0, index).filter(({ repository }) => repository === one.repository);
          for (const other of before) assert.ok(!one.children.includes(other.digest) && other.subject !== one.digest);
        });
      }),
      { numRuns: 100 },
    );
  });
});
