import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { digestOf, hashContext, type HashedFile } from "../../core/release/contextHash";
import { readSourceState } from "../../core/release/git";
import { defaultTag } from "../../core/release/tag";
import { Dockerignore } from "../../platform/buildContext/dockerignore";
import { listContext } from "../../platform/buildContext/files";

const folders: string[] = [];

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "context-"));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const hash = (context: string, buildArgs: Record<string, string> = {}): Promise<string> =>
  hashContext({ context, dockerfile: "Dockerfile", buildArgs });

const BASE = { Dockerfile: "FROM scratch", "policy/a.rego": "package a", "README.md": "read me" };

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe("the hash of a build context", () => {
  it("is the same for two clones, whatever their path, times and order", async () => {
    const one = folderWith(BASE);
    const two = folderWith(Object.fromEntries(Object.entries(BASE).reverse()));
    utimesSync(join(two, "Dockerfile"), 1, 1);
    mkdirSync(join(two, "empty"));
    assert.equal(await hash(one), await hash(two));
  });

  for (const [what, change] of [
    [
      "a file's content",
      (root: string) => {
        writeFileSync(join(root, "policy/a.rego"), "package b");
      },
    ],
    [
      "a file's name",
      (root: string) => {
        cpSync(join(root, "policy/a.rego"), join(root, "policy/b.rego"));
        rmSync(join(root, "policy/a.rego"));
      },
    ],
    [
      "a new file",
      (root: string) => {
        writeFileSync(join(root, "new"), "");
      },
    ],
    [
      "the execution bit",
      (root: string) => {
        chmodSync(join(root, "policy/a.rego"), 0o755);
      },
    ],
    [
      "the Dockerfile",
      (root: string) => {
        writeFileSync(join(root, "Dockerfile"), "FROM scratch\nUSER 1");
      },
    ],
    [
      "a file that becomes a link to the same content",
      (root: string) => {
        cpSync(join(root, "policy/a.rego"), join(root, "b"));
        rmSync(join(root, "policy/a.rego"));
        symlinkSync("../b", join(root, "policy/a.rego"));
        rmSync(join(root, "b"));
      },
    ],
  ] as const) {
    it(`changes with ${what}`, async () => {
      const root = folderWith(BASE);
      const before = await hash(root);
      change(root);
      assert.notEqual(await hash(root), before);
    });
  }

  it("changes with a build argument, not with the order of them", async () => {
    const root = folderWith(BASE);
    assert.notEqual(await hash(root), await hash(root, { A: "1" }));
    assert.equal(await hash(root, { A: "1", B: "2" }), await hash(root, { B: "2", A: "1" }));
  });

  it("does not see what .dockerignore leaves out, and always sees the Dockerfile", async () => {
    const root = folderWith({ ...BASE, ".dockerignore": "*\n!policy\n**/*_test.rego\n" });
    const before = await hash(root);
    writeFileSync(join(root, "README.md"), "other");
    writeFileSync(join(root, "policy/a_test.rego"), "package a_test");
    assert.equal(await hash(root), before);
    writeFileSync(join(root, "Dockerfile"), "FROM other");
    assert.notEqual(await hash(root), before);
  });

  it("follows no link, so that a link out of the context reads nothing and a dangling one is no error", async () => {
    const root = folderWith(BASE);
    symlinkSync("/etc/hostname", join(root, "out"));
    symlinkSync("nowhere", join(root, "dangling"));
    symlinkSync("..", join(root, "loop"));
    const listed = await listContext(root, "Dockerfile");
    assert.deepEqual(
      listed.flatMap(({ path, content }) => (content.kind === "link" ? [[path, content.target]] : [])),
      [
        ["dangling", "nowhere"],
        ["loop", ".."],
        ["out", "/etc/hostname"],
      ],
    );
    assert.match(await hash(root), /^[0-9a-f]{64}$/);
  });

  it("names a Dockerfile that is not there", async () => {
    const root = folderWith({ a: "" });
    await assert.rejects(hash(root), {
      message: `Dockerfile ${root}/Dockerfile: got nothing there; allowed is a file; correct image in the service.yaml`,
    });
  });

  it("tells any two different contexts apart, and does not depend on order", () => {
    const name = fc.string({ minLength: 1, maxLength: 5 });
    const file: fc.Arbitrary<HashedFile> = fc.oneof(
      fc.record({ path: name, kind: fc.constant("file" as const), executable: fc.boolean(), sha256: name }),
      fc.record({ path: name, kind: fc.constant("link" as const), target: name }),
    );
    const context = fc.record({
      files: fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 4 }),
      dockerfile: name,
      buildArgs: fc.dictionary(name, name, { maxKeys: 2 }),
    });
    const canonical = (value: typeof context extends fc.Arbitrary<infer T> ? T : never): string =>
      JSON.stringify([
        [...value.files].sort((a, b) => (a.path < b.path ? -1 : 1)).map((item) => Object.entries(item).sort()),
        value.dockerfile,
        Object.entries(value.buildArgs).sort(([a], [b]) => (a < b ? -1 : 1)),
      ]);
    fc.assert(
      fc.property(context, context, (a, b) => {
        assert.equal(digestOf(a), digestOf({ ...a, files: [...a.files].reverse() }));
        assert.equal(digestOf(a) === digestOf(b), canonical(a) === canonical(b));
      }),
    );
  });
});

describe("a .dockerignore", () => {
  for (const [rules, path, ignored] of [
    ["README.md", "README.md", true],
    ["README.md", "docs/README.md", false],
    ["**/README.md", "docs/deep/README.md", true],
    ["**/README.md", "README.md", true],
    ["docs", "docs/deep/a", true],
    ["/docs/", "docs/a", true],
    ["./docs", "docs/a", true],
    ["*.md", "a.md", true],
    ["*.md", "docs/a.md", false],
    ["*/*.md", "docs/a.md", true],
    ["docs/**", "docs/a/b", true],
    ["docs/**", "docs", false],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/c/z", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[ab].txt", "b.txt", true],
    ["[^ab].txt", "b.txt", false],
    ["[a-c].txt", "b.txt", true],
    ["*\n!policy", "policy/a/b", false],
    ["*\n!policy\npolicy/b", "policy/b", true],
    ["*\n!*.md\nREADME*.md", "README-secret.md", true],
    ["*\nREADME*.md\n!*.md", "README-secret.md", false],
    ["# comment\n\n a ", "a", true],
    ["a.b", "axb", false],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["node_modules\r\ndist\r\n", "node_modules/x", true],
    ["", "a", false],
    ["x/../a", "a", true],
  ] as const) {
    it(`${JSON.stringify(rules)} ${ignored ? "leaves out" : "keeps"} ${path}`, () => {
      assert.equal(Dockerignore.parse(rules).ignores(path), ignored);
    });
  }
});

describe("the tag of a release that nobody named", () => {
  const git = (root: string, ...args: string[]): string =>
    execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      encoding: "utf8",
    }).trim();

  it("is the commit's short SHA, with the hash where the folder differs, new files included", async () => {
    const root = folderWith({ "web/a": "1", "other/b": "1" });
    const web = join(root, "web");
    assert.equal(await readSourceState(web), undefined);
    git(root, "init", "-q");
    assert.equal(await readSourceState(web), undefined);
    git(root, "add", ".");
    git(root, "commit", "-qm", "first");
    const commit = git(root, "rev-parse", "HEAD");
    writeFileSync(join(root, "other/b"), "2");
    assert.deepEqual(await readSourceState(web), { commit, changed: false });
    writeFileSync(join(web, "new"), "");
    assert.deepEqual(await readSourceState(web), { commit, changed: true });
  });

  it("reads as people know it", () => {
    const hex = "8c4f2d3aaaaaaaaa";
    assert.equal(defaultTag({ commit: hex, changed: false }, "f00dbeefcafe"), "8c4f2d3");
    assert.equal(defaultTag({ commit: hex, changed: true }, "f00dbeefcafe"), "8c4f2d3-dirty-f00dbee");
    assert.equal(defaultTag(undefined, "f00dbeefcafe"), "src-f00dbee");
  });
});
