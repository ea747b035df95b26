import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { runProgram } from "../../cli/program";
import { neededByText, type Needed } from "../../core/registry/inUse";
import type { PlannedCluster, PrunePlan } from "../../core/registry/prunePlan";
import { emptyRecord, withDeployment } from "../../core/rollout/record";
import { ANNOTATION, LABEL } from "../../core/rollout/names";
import { releaseOf, type BoundRelease } from "../../core/rollout/release";
import { pruneNamespace, pruneObjects, pruneRole, type PruneSettings } from "../../core/registry/pruneObjects";
import { asNumber, path } from "../../core/json";
import { loadLayout } from "../../platform/local/layout";
import { ensureRunnerImage } from "../../platform/local/runnerImage";
import { Progress } from "../../platform/progress";
import { neededInCluster } from "../../provider/registry/cluster";
import { OciStore } from "../../provider/registry/oci";
import { applyPrune, decidePrune, type PruneCase } from "../../provider/registry/prune";
import { RUNNER } from "../../runner/program";
import { kubectl, TestNamespace } from "../support/cluster";
import { OciRegistry } from "../support/ociRegistry";

const never = new AbortController().signal;
const RBAC = "rbac.authorization.k8s.io/v1";
const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString();

describe("pruning a registry", function () {
  this.timeout(60_000);
  const registry = new OciRegistry();
  before(() => registry.start());
  after(() => registry.stop());

  const pruneCase = (repository: string, needed: () => readonly Needed[] | Promise<readonly Needed[]>): PruneCase => ({
    shelves: [{ store: new OciStore(registry.address), repositories: [repository] }],
    needed: () => Promise.resolve(needed()),
    deployed: new Map(),
    keep: 5,
    now: new Date(),
    signal: never,
  });

  const releases = async (repository: string, count: number): Promise<string[]> => {
    const digests: string[] = [];
    for (let number = 1; number <= count; number++)
      digests.push(await registry.image(repository, { tag: `v${number}`, created: day(number) }));
    return digests;
  };

  const standing = async (repository: string, digests: readonly string[]): Promise<number[]> => {
    const there = await Promise.all(digests.map((digest) => registry.digest(repository, digest)));
    return there.flatMap((found, index) => (found === undefined ? [] : [index + 1]));
  };

  it("keeps what colors and records of a real cluster need, and takes the oldest of the others by digest", async () => {
    const digests = await releases("web", 12);
    const image = (number: number) => `${registry.address}/web@${digests[number - 1] ?? ""}`;
    const namespace = new TestNamespace("hms-registry");
    await namespace.create();
    try {
      const bound = (number: number): BoundRelease => {
        const tag = `v${number}`;
        const { id, spec } = releaseOf(
          {
            ...{ source: `image:${image(number)}`, port: 80, healthPath: "/", env: {}, secrets: {} },
            ...{ resources: { cpu: "1m", memory: "1Mi" }, longestRequestSeconds: 1, startupSeconds: 1 },
          },
          tag,
        );
        return { id, tag, spec, image: image(number) };
      };
      const act = { at: day(20), by: "test" };
      const record = withDeployment(withDeployment(emptyRecord(), "blue", bound(1), act), "green", bound(3), act);
      await namespace.kube.create({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: {
          name: "web-rollout",
          namespace: namespace.name,
          annotations: { [ANNOTATION.record]: JSON.stringify(record) },
        },
      });
      // An idle color without pods, and somebody's own workload that names a tag.
      const labels = { [LABEL.service]: "web" };
      const pods = (image: string) => ({
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image }] } },
      });
      for (const [name, image] of [
        ["web-green", `${registry.address}/web@${digests[1] ?? ""}`],
        ["other", `${registry.address}/web:v4`],
      ] as const)
        await namespace.kube.create({
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name, namespace: namespace.name },
          spec: pods(image),
        });

      const prune = pruneCase("web", () => neededInCluster(namespace.kube, "hms-local", never));
      const decisions = await decidePrune(prune);
      const reasonOf = (number: number) => decisions.find(({ image }) => image.tags.includes(`v${number}`))?.reason;
      const where = `${namespace.name}/web-rollout of hms-local`;
      assert.equal(reasonOf(1), `on blue of ${where}`);
      assert.equal(reasonOf(2), `Deployment with 0 replicas ${namespace.name}/web-green of hms-local`);
      assert.equal(reasonOf(3), `live on green of ${where}`);
      assert.equal(reasonOf(4), `Deployment with 0 replicas ${namespace.name}/other of hms-local`);
      assert.deepEqual(await standing("web", digests), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "nothing is gone yet");

      const removed: string[] = [];
      await applyPrune(prune, decisions, ({ tags }) => removed.push(...tags));
      assert.deepEqual(removed.sort(), ["v5", "v6", "v7"]);
      assert.deepEqual(await standing("web", digests), [1, 2, 3, 4, 8, 9, 10, 11, 12]);
      const again = await decidePrune(prune);
      assert.deepEqual(
        again.filter(({ remove }) => remove),
        [],
        "a second run has nothing to do",
      );
    } finally {
      await namespace.remove();
    }
  });

  it("is done by a pod, which only tells until it is told to remove, and removes nothing where it cannot tell", async function () {
    this.timeout(500_000);
    const digests = await releases("clocked", 8);
    const scheduled = new ScheduledPrune(new TestNamespace("hms-registry"), registry.address);
    try {
      await scheduled.make(`${registry.address}/clocked@${digests[1] ?? ""}`);

      const told = await scheduled.run({});
      assert.equal(told.succeeded, true, told.log);
      const reasons = new Map(
        told.lines.flatMap(({ tags, message, reason }) => tags?.map((tag) => [tag, { message, reason }]) ?? []),
      );
      assert.equal(reasons.size, 8, "each image has its line");
      assert.deepEqual(reasons.get("v1"), {
        message: "may go",
        reason: "nobody uses it, and 5 newer ones that nobody uses stay",
      });
      assert.deepEqual(reasons.get("v2"), {
        message: "stays",
        reason: `Deployment with 0 replicas ${scheduled.namespace.name}/clocked of hms-local`,
      });
      assert.match(told.log, /"message":"nothing was changed","stack":"test","images":8,"mayGo":2,"removed":0/);
      assert.equal((await standing("clocked", digests)).length, 8);

      await scheduled.forbid();
      const powerless = await scheduled.run({ apply: true });
      assert.equal(powerless.succeeded, false, powerless.log);
      assert.match(powerless.log, /in use in the cluster hms-local \(stack test\) cannot be told: .*forbidden/);
      assert.equal((await standing("clocked", digests)).length, 8);

      await scheduled.allow();
      const done = await scheduled.run({ apply: true });
      assert.equal(done.succeeded, true, done.log);
      assert.deepEqual(await standing("clocked", digests), [2, 4, 5, 6, 7, 8]);
    } finally {
      await scheduled.remove();
    }
  });

  it("is not done by what runs in one cluster where it has no kubeconfig for another, or no plan it understands", async () => {
    const digests = await releases("blind", 8);
    const folder = mkdtempSync(join(tmpdir(), "hms-plan-"));
    const file = join(folder, "plan.json");
    const run = async (plan: object): Promise<readonly [number, string]> => {
      writeFileSync(file, JSON.stringify(plan));
      let text = "";
      const out = { write: (more: string) => (text += more) };
      const words = ["prune", "--plan", file, "--own", "hms-local", "--apply"];
      return [await runProgram(RUNNER, words, { out, err: out, env: process.env, signal: never }), text];
    };
    try {
      const elsewhere = { name: "plant", stack: "prod", reach: { context: "plant" } };
      const [code, text] = await run(planFor(registry.address, "blind", [elsewhere]));
      assert.equal(code, 1, text);
      assert.match(text, /in use in the cluster plant \(stack prod\) cannot be told: no kubeconfig says how/);
      const [other, why] = await run({ ...planFor(registry.address, "blind"), sites: ["plant"] });
      assert.equal(other, 1, why);
      assert.match(why, /is no plan of this version: .*sites.*nothing is removed by it/);
      assert.equal((await standing("blind", digests)).length, 8);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("leaves of 30 releases in the registries of 3 accounts, in random use, those in use and the last 5 others", async function () {
    this.timeout(120_000);
    const others = [new OciRegistry(), new OciRegistry()];
    await Promise.all(others.map((one) => one.start()));
    const accounts = [registry, ...others];
    let run = 0;
    const world = fc.record({
      /** Of each release: accounts whose registry has it, its day, whether it is signed there, whether anybody uses it. */
      releases: fc.array(
        fc.record({
          in: fc.subarray([0, 1, 2], { minLength: 1 }),
          day: fc.integer({ min: 1, max: 300 }),
          signed: fc.boolean(),
          used: fc.boolean(),
        }),
        { minLength: 30, maxLength: 30 },
      ),
    });
    try {
      await fc.assert(
        fc.asyncProperty(world, async ({ releases }) => {
          const repository = `world-${++run}`;
          const made = await Promise.all(
            releases.map(async (release, number) => {
              const image = { tag: `v${number}`, contents: `${repository} ${number}`, created: day(release.day) };
              const here = release.in.flatMap((account) => accounts[account] ?? []);
              const [digest = ""] = await Promise.all(here.map((one) => one.image(repository, image)));
              const signature = {
                tag: `${digest.replace(":", "-")}.sig`,
                created: day(301),
                contents: `${digest} signed`,
              };
              if (release.signed) for (const one of here) await one.image(repository, signature);
              return { ...release, digest, signature: signature.tag };
            }),
          );
          const uses = made.flatMap(({ digest, used }) => (used ? [{ digest, why: "live in another account" }] : []));
          const prune: PruneCase = {
            ...pruneCase(repository, () => [{ uses, tagged: [] }]),
            shelves: accounts.map(({ address }) => ({ store: new OciStore(address), repositories: [repository] })),
          };
          await applyPrune(prune, await decidePrune(prune), () => undefined);
          for (const [index, account] of accounts.entries()) {
            const here = made.filter((release) => release.in.includes(index));
            const unused = here
              .filter(({ used }) => !used)
              .sort((a, b) => b.day - a.day || (a.digest < b.digest ? -1 : 1));
            const stays = new Set([...here.filter(({ used }) => used), ...unused.slice(0, 5)]);
            for (const release of here) {
              const found = await account.digest(repository, release.digest);
              assert.equal(
                found,
                stays.has(release) ? release.digest : undefined,
                `${account.address} day ${release.day}`,
              );
              const signature = await account.digest(repository, release.signature);
              assert.equal(signature !== undefined, release.signed && stays.has(release), "as its signature");
            }
          }
        }),
        { numRuns: 2 },
      );
    } finally {
      await Promise.all(others.map((one) => one.stop()));
    }
  });

  it("keeps what a kept index lists and what is about a kept image, and takes those of what goes", async () => {
    const parts: Record<number, readonly string[]> = {};
    const about: Record<number, readonly string[]> = {};
    for (let number = 1; number <= 7; number++) {
      const created = day(number);
      const children = [
        await registry.image("many", { created }),
        await registry.image("many", { created, tag: `v${number}-arm64` }),
      ];
      const index = await registry.index("many", `v${number}`, children);
      const hex = index.replace("sha256:", "");
      const signature = await registry.image("many", { created: day(300), tag: `sha256-${hex}.sig` });
      const attestation = await registry.image("many", { created: day(300), subject: index });
      await registry.index("many", `sha256-${hex}`, [attestation]);
      parts[number] = [index, ...children];
      about[number] = [signature, attestation, (await registry.digest("many", `sha256-${hex}`)) ?? ""];
    }
    const prune = pruneCase("many", () => [{ uses: neededByText(parts[1]?.[1] ?? "", "runs"), tagged: [] }]);
    const decisions = await decidePrune(prune);
    assert.equal(decisions.length, 7 * 6);
    const gone = decisions.filter(({ remove }) => remove).map(({ image }) => image.digest);
    assert.deepEqual(new Set(gone), new Set([...(parts[2] ?? []), ...(about[2] ?? [])]));
    await applyPrune(prune, decisions, () => undefined);
    for (const number of [1, 3, 4, 5, 6, 7])
      for (const digest of [...(parts[number] ?? []), ...(about[number] ?? [])])
        assert.equal(await registry.digest("many", digest), digest, `v${number}`);
    for (const digest of [...(parts[2] ?? []), ...(about[2] ?? [])])
      assert.equal(await registry.digest("many", digest), undefined);
  });

  it("removes nothing when something has come into use since it was looked at, or cannot be told", async () => {
    const digests = await releases("raced", 7);
    let asked = 0;
    const uses = neededByText(digests[0] ?? "", "live on blue of hms-prod/raced");
    const raced = pruneCase("raced", () => (asked++ === 0 ? [] : [{ uses, tagged: [] }]));
    const decisions = await decidePrune(raced);
    await assert.rejects(
      applyPrune(raced, decisions, () => assert.fail("removed")),
      /raced@sha256:\w+ has come into use meanwhile \(live on blue of hms-prod\/raced\); nothing was removed/,
    );
    const blind = pruneCase("raced", () => Promise.reject(new Error("the cluster does not answer")));
    await assert.rejects(decidePrune(blind), /does not answer/);
    assert.equal((await standing("raced", digests)).length, 7);
  });

  it("goes on where a run was stopped between two", async () => {
    const digests = await releases("stopped", 9);
    const stop = new AbortController();
    const prune = { ...pruneCase("stopped", () => []), signal: stop.signal };
    const first = await decidePrune(prune);
    await assert.rejects(
      applyPrune(prune, first, () => {
        stop.abort(new Error("Ctrl-C"));
      }),
      /Ctrl-C/,
    );
    assert.equal((await standing("stopped", digests)).length, 8);
    const next = pruneCase("stopped", () => []);
    await applyPrune(next, await decidePrune(next), () => undefined);
    assert.deepEqual(await standing("stopped", digests), [5, 6, 7, 8, 9]);
  });

  it("says what to do about a registry that lets nobody delete, and what it lacks when it is away", async () => {
    const other = new OciRegistry();
    await other.start({ deletes: false });
    try {
      for (let number = 1; number <= 2; number++) await other.image("web", { tag: `v${number}`, created: day(number) });
      const store = new OciStore(other.address);
      const prune = { ...pruneCase("web", () => []), shelves: [{ store, repositories: ["web"] }], keep: 1 };
      await assert.rejects(
        applyPrune(prune, await decidePrune(prune), () => undefined),
        /lets nobody delete; allow it/,
      );
      assert.deepEqual(await store.list("nothing-here", never), []);
    } finally {
      await other.stop();
    }
    await assert.rejects(new OciStore(other.address).list("web", never), /the registry 127.0.0.1:\d+ does not answer/);
  });
});

interface PruneLine {
  readonly message: string;
  readonly tags?: readonly string[];
  readonly reason?: string;
}

interface PruneRun {
  readonly succeeded: boolean;
  readonly log: string;
  readonly lines: readonly PruneLine[];
}

/** What `hms:registryPrune` makes in a cluster, for the repository `clocked`; its CronJob is started by hand. */
class ScheduledPrune {
  private runs = 0;
  private image = "";

  constructor(
    readonly namespace: TestNamespace,
    private readonly registry: string,
  ) {}

  /** @param image that a Deployment of the namespace names. */
  async make(image: string): Promise<void> {
    const layout = loadLayout();
    this.image = await ensureRunnerImage(layout, { progress: new Progress({ write: () => undefined }), signal: never });
    const { kube, name: namespace } = this.namespace;
    await this.namespace.create();
    const labels = { [LABEL.service]: "clocked" };
    await kube.create({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "clocked", namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image }] } },
      },
    });
    const { home, account, role, policy } = pruneObjects(this.settings());
    await kube.create({ apiVersion: "v1", kind: "Namespace", ...home });
    await kube.create({ apiVersion: "v1", kind: "ServiceAccount", ...account });
    await kube.create({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...policy });
    await kube.create({ apiVersion: RBAC, kind: "ClusterRole", ...role });
    await this.allow();
  }

  async allow(): Promise<void> {
    const { binding } = pruneObjects(this.settings());
    await this.namespace.kube.create({ apiVersion: RBAC, kind: "ClusterRoleBinding", ...binding });
  }

  async forbid(): Promise<void> {
    await this.namespace.kube.delete({
      apiVersion: RBAC,
      kind: "ClusterRoleBinding",
      name: pruneRole(this.namespace.name),
    });
  }

  /** One run, as the clock would start it, to its end. */
  async run({ apply = false }: { readonly apply?: boolean }): Promise<PruneRun> {
    const { kube } = this.namespace;
    const { plan, cronJob } = pruneObjects(this.settings(apply));
    await kube.apply({ apiVersion: "v1", kind: "ConfigMap", ...plan }, { fieldManager: "hms-test", force: true });
    const { metadata, spec } = cronJob(this.image);
    const job = { ...metadata, name: `run-${++this.runs}` };
    await kube.create({ apiVersion: "batch/v1", kind: "Job", metadata: job, spec: spec.jobTemplate.spec });
    const giveUp = Date.now() + 150_000;
    for (;;) {
      const { name, namespace } = job;
      const found = await kube.get({ apiVersion: "batch/v1", kind: "Job", name, namespace });
      const count = (what: string) => asNumber(path(found, "status", what)) ?? 0;
      if (count("succeeded") + count("failed") > 0) {
        const log = kubectl("-n", namespace, "logs", `job/${name}`);
        const lines = log
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as PruneLine);
        return { succeeded: count("succeeded") === 1, log, lines };
      }
      if (Date.now() > giveUp) throw new Error(`${name} did not end: ${kubectl("-n", namespace, "get", "pods")}`);
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  async remove(): Promise<void> {
    const { kube, name } = this.namespace;
    await this.forbid();
    await kube.delete({ apiVersion: RBAC, kind: "ClusterRole", name: pruneRole(name) });
    await kube.delete({ apiVersion: "v1", kind: "Namespace", name: pruneNamespace(name) });
    await this.namespace.remove();
  }

  private settings(apply = false): PruneSettings {
    return {
      ...{ namespace: this.namespace.name, context: "hms-local", schedule: "0 4 * * *", timeZone: "Etc/UTC" },
      ...{ apply, deadline: 120, annotations: {}, onNode: true, plan: planFor(this.registry, "clocked") },
    };
  }
}

const planFor = (address: string, service: string, clusters: readonly PlannedCluster[] = []): PrunePlan => ({
  ...{ stack: "test", keep: 5, services: [service], named: [], registries: [{ address }] },
  clusters: [{ name: "hms-local", stack: "test", reach: { context: "hms-local" } }, ...clusters],
});
