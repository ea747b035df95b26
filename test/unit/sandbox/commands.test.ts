import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { loadSandboxes } from "../../../config/sandboxes";
import { identityAnnotations, identityLabels } from "../../../core/sandbox/identity";
import { leaseToKeep, LEASE_LIMITS, newLease } from "../../../core/sandbox/lease";
import { seenSandbox } from "../../../core/sandbox/seen";
import { problemText } from "../../../core/service/problem";
import { isCovered } from "../../../cli/sandbox/destroy";
import { removeLeavings } from "../../../cli/sandbox/engine";
import { listText, union } from "../../../cli/sandbox/list";
import { runProgram } from "../../../cli/program";
import { PROGRAMS } from "../../../cli/registry";
import { hasStackFile, removeStackFile, sandboxFiles, wishesIn, writeStackFile } from "../../../cli/sandbox/stackFile";
import type { SandboxPlace } from "../../../cli/sandbox/place";
import { projectRoot } from "../../../platform/home";

const NOW = new Date("2026-11-22T06:00:00Z");
const HOUR = 3600;
const common = loadSandboxes(projectRoot());

describe("hms-sbx on the command line", () => {
  async function run(...words: readonly string[]) {
    const said: string[] = [];
    const sink = { write: (text: string) => said.push(text) };
    const program = PROGRAMS.find(({ name }) => name === "hms-sbx");
    assert.ok(program);
    const code = await runProgram(program, words, {
      out: sink,
      err: sink,
      env: {},
      signal: new AbortController().signal,
    });
    return { code, said: said.join("") };
  }

  it("refuses what is no sandbox before anything is asked of a cluster", async () => {
    const cases: readonly (readonly [words: readonly string[], said: RegExp])[] = [
      [["destroy", "prod"], /got "prod"; .*lasting stack/],
      [["destroy", "sbx-1", "staging"], /got "staging"/],
      [["destroy", "sbx-prod"], /leave "prod" out of it/],
      [["destroy"], /name the sandboxes to destroy, or say --all-older-than/],
      [["destroy", "--all-older-than", "yesterday"], /--all-older-than: got "yesterday"/],
      [["destroy", "sbx-1", "--all-older-than", "1h"], /either names or --all-older-than/],
      [["extend", "sbx-1"], /--ttl is missing/],
      [["extend", "dev", "--ttl", "1h"], /got "dev"/],
      [["open"], /missing required argument/],
      [["frobnicate"], /unknown command/],
    ];
    for (const [words, text] of cases) {
      const { code, said } = await run(...words);
      assert.equal(code, 2, words.join(" "));
      assert.match(said, text);
    }
  });
});

describe("the lease that an update works with", () => {
  const made = new Date("2026-11-22T04:00:00Z");
  const said = newLease(made, 8 * HOUR);
  const keep = (standing: ReturnType<typeof newLease> | undefined, wish = said, now = NOW) => {
    const read = leaseToKeep(wish, standing, now, LEASE_LIMITS);
    return read.ok ? read.value.expiresAt.toISOString() : read.problems.map(problemText).join();
  };

  it("is the file's, or the cluster's where that was extended since: an update neither extends nor shortens", () => {
    assert.equal(keep(undefined), "2026-11-22T12:00:00.000Z");
    assert.equal(keep(said), "2026-11-22T12:00:00.000Z");
    const extended = { ...said, expiresAt: new Date("2026-11-22T20:00:00Z") };
    assert.equal(keep(extended), "2026-11-22T20:00:00.000Z");
  });

  it("is refused when it has ended, when its creation was rewritten, and when it is more than an extension gives", () => {
    assert.match(keep(said, said, new Date("2026-11-22T12:00:00Z")), /which is past.*hms-sbx destroy/);
    const reborn = newLease(new Date("2026-11-22T05:00:00Z"), 8 * HOUR);
    assert.match(keep(said, reborn), /createdAt: got .* it is written once/);
    const long = { ...said, expiresAt: new Date("2026-11-23T07:00:00Z") };
    assert.match(keep(said, long), /at most 1d from now/);
    assert.match(keep(undefined, long), /at most 1d from now/);
    assert.equal(keep(long, long), "2026-11-23T07:00:00.000Z", "what it has already it keeps");
  });
});

describe("the list of sandboxes", () => {
  const identity = (name: string, hours: number) => ({
    ...{ name, owner: "ada", purpose: "rates", snapshot: "s1", changed: "-" },
    ...newLease(new Date("2026-11-22T04:00:00Z"), hours * HOUR),
  });
  const seen = (name: string, hours: number, leaving = false) => {
    const labels = identityLabels(identity(name, hours));
    const annotations = identityAnnotations(identity(name, hours));
    const one = seenSandbox({ name, labels, annotations, madeAt: "2026-11-22T04:00:00Z", leaving });
    assert.ok(one);
    return one;
  };

  it("is the union of cluster, databases, records and files, each with where it was found", () => {
    const found = {
      standing: [seen("sbx-a", 8), seen("sbx-b", 1), seen("sbx-c", 8, true), seen("sbx-f", 8)],
      clones: ["sbx-a", "sbx-b", "sbx-d"],
      stacks: [
        { name: "sbx-a", resources: 20, busy: false },
        { name: "sbx-b", resources: 20, busy: false },
        { name: "sbx-e", resources: 0, busy: false },
      ],
      files: ["sbx-a", "sbx-g"],
    };
    const listed = union({ common }, found, NOW);
    assert.deepEqual(
      listed.map(({ name, state, found: places }) => [name, state, places.join("+")]),
      [
        ["sbx-a", "running", "cluster+database+state+file"],
        ["sbx-b", "ended", "cluster+database+state"],
        ["sbx-c", "leaving", "cluster"],
        ["sbx-d", "unfinished", "database"],
        ["sbx-e", "unfinished", "state"],
        ["sbx-f", "unfinished", "cluster"],
        ["sbx-g", "unfinished", "file"],
      ],
    );
    const text = listText(listed, NOW).split("\n");
    assert.match(text[1] ?? "", /^sbx-a +running +ada +6h +http:\/\/sbx-a\.sandbox\.localhost:8080 +rates$/);
    assert.match(text[2] ?? "", /ended 1h ago/);
    assert.match(text[4] ?? "", /^sbx-d +unfinished +- +- +left in: database$/);
    assert.equal(listText([], NOW), "there are no sandboxes");
  });
});

describe("what a destroyed sandbox leaves behind", () => {
  it("is nothing that only the engine knows of, unless its record holds something outside of its namespace", () => {
    const namespaced = (type: string, namespace?: string) => ({
      type,
      ...(namespace === undefined ? {} : { namespace }),
    });
    const covered = [
      { type: "pulumi:pulumi:Stack" },
      { type: "pulumi:providers:kubernetes" },
      { type: "hms:delivery:Sandbox" },
      { type: "hms:data:SandboxDatabase" },
      { type: "random:index/randomPassword:RandomPassword" },
      { type: "kubernetes:core/v1:Namespace", name: "sbx-42" },
      namespaced("kubernetes:apps/v1:Deployment", "sbx-42"),
      namespaced("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "sbx-42"),
    ];
    for (const one of covered) assert.ok(isCovered(one, "sbx-42"), one.type);
    const others = [
      { type: "kubernetes:core/v1:Namespace", name: "sbx-43" },
      namespaced("kubernetes:apps/v1:Deployment", "hms-prod"),
      { type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", name: "x" },
      { type: "aws:s3/bucket:Bucket" },
    ];
    for (const one of others) assert.ok(!isCovered(one, "sbx-42"), one.type);
  });

  it("is no copy of its record in the engine's folder, and no other stack's is touched", () => {
    const root = mkdtempSync(path.join(os.tmpdir(), "hms-sbx-"));
    try {
      const below = (...parts: readonly string[]) => path.join(root, ".pulumi", ...parts);
      for (const stack of ["sbx-42", "sbx-4"])
        for (const kept of ["history", "backups"]) mkdirSync(below(kept, "hms", stack), { recursive: true });
      mkdirSync(below("stacks", "hms"), { recursive: true });
      for (const file of [
        ...["sbx-42.json.bak", "sbx-42.json.attrs", "sbx-4.json", "sbx-4.json.bak"],
        // Of an engine that was killed while it wrote.
        ...["sbx-42.json.bak.18ea4b61d506541b.tmp", "sbx-42.json.18ea4b61d506541b.tmp", "sbx-4.json.1a.tmp"],
      ])
        writeFileSync(below("stacks", "hms", file), "{}");
      removeLeavings({ env: { PULUMI_BACKEND_URL: `file://${root}?metadata=skip` }, root }, "sbx-42");
      assert.deepEqual(readdirSync(below("stacks", "hms")).sort(), [
        "sbx-4.json",
        "sbx-4.json.1a.tmp",
        "sbx-4.json.bak",
      ]);
      assert.deepEqual(
        [...readdirSync(below("history", "hms")), ...readdirSync(below("backups", "hms"))],
        ["sbx-4", "sbx-4"],
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe("the stack file of a sandbox", () => {
  it("is written as a whole, keeps what the engine put into it, and goes without a trace", () => {
    const root = mkdtempSync(path.join(os.tmpdir(), "hms-sbx-"));
    try {
      const place = { root, common } as unknown as SandboxPlace;
      const file = path.join(root, "Pulumi.sbx-42.yaml");
      writeFileSync(file, "encryptionsalt: v1:abc\nconfig: {}\n");
      const lease = newLease(new Date("2026-11-22T04:00:00Z"), HOUR);
      const identity = { name: "sbx-42", owner: "ada", purpose: "p", snapshot: "s1", changed: "c", ...lease };
      writeStackFile(place, identity, { "drought-benefit": { tag: "v1" } });
      const document = parse(readFileSync(file, "utf8")) as {
        encryptionsalt: string;
        config: Record<string, Record<string, unknown>>;
      };
      assert.equal(document.encryptionsalt, "v1:abc");
      assert.equal(document.config["hms:sandbox"]?.expiresAt, "20261122T050000Z");
      assert.deepEqual(wishesIn(place, "sbx-42"), { "drought-benefit": { tag: "v1" } });
      assert.deepEqual(sandboxFiles(place), ["sbx-42"]);
      assert.ok(removeStackFile(place, "sbx-42") && !hasStackFile(place, "sbx-42"));
      assert.ok(!removeStackFile(place, "sbx-42"));
      assert.deepEqual(readdirSync(root), []);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
