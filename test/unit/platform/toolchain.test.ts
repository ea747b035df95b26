import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../../../platform/home";
import { missingPackages } from "../../../platform/toolchain/debian";
import {
  atLeast,
  goBuildArgs,
  goEnv,
  goModText,
  parseVersion,
  recipeHash,
  wheelRequirement,
} from "../../../platform/toolchain/recipe";
import { inParallel } from "../../../platform/toolchain/parallel";
import { RECIPES, TOOLS, type GoRecipe } from "../../../platform/toolchain/tools";
import { PLUGINS, standInFiles } from "../../../platform/toolchain/plugins";

const recipe: GoRecipe = {
  kind: "go",
  name: "thing",
  require: { "example.org/thing/v3": "v3.1.0", "example.org/other": "v0.2.0" },
  replace: { "example.org/api": "example.org/api v0.9.0" },
  packages: { thing: "example.org/thing/v3/cmd/thing" },
  tags: "small",
  variables: ["example.org/thing/v3/version.Version=v3.1.0"],
};

describe("toolchain recipes", () => {
  it("give each tool a module of its own, with its tools, pins and replacements", () => {
    assert.equal(
      goModText(recipe),
      [
        "module tools/thing",
        "go 1.26",
        "tool example.org/thing/v3/cmd/thing",
        "require example.org/thing/v3 v3.1.0",
        "require example.org/other v0.2.0",
        "replace example.org/api => example.org/api v0.9.0",
        "",
      ].join("\n"),
    );
  });

  it("build one binary under its own name, and several into the folder", () => {
    assert.deepEqual(goBuildArgs(recipe, "/out"), [
      ...["build", "-mod=mod", "-trimpath", "-tags", "small"],
      ...["-ldflags", "-s -w -X example.org/thing/v3/version.Version=v3.1.0"],
      ...["-o", "/out/thing", "example.org/thing/v3/cmd/thing"],
    ]);
    const two = { ...recipe, packages: { a: "example.org/a", b: "example.org/b" } };
    assert.deepEqual(goBuildArgs(two, "/out").slice(-4), ["-o", "/out/", "example.org/a", "example.org/b"]);
  });

  it("build statically, with the installed Go, and without flags of the caller's", () => {
    const env = goEnv({ GOFLAGS: "-race", PATH: "/bin" });
    assert.deepEqual([env.GOFLAGS, env.CGO_ENABLED, env.GOTOOLCHAIN, env.PATH], ["", "0", "local", "/bin"]);
  });

  it("change their stamp with every pin, and with nothing else", () => {
    const stamp = recipeHash(recipe);
    assert.equal(recipeHash({ ...recipe }), stamp);
    for (const changed of [
      { ...recipe, require: { ...recipe.require, "example.org/other": "v0.3.0" } },
      { ...recipe, tags: "large" },
      { ...recipe, variables: [] },
      { ...recipe, replace: {} },
    ])
      assert.notEqual(recipeHash(changed), stamp);
  });

  it("accept a wheel by its hash only", () => {
    assert.equal(wheelRequirement("x-bin", "1.2.3", "ab12"), "x-bin==1.2.3 --hash=sha256:ab12\n");
  });

  it("name a recipe for every tool, each exactly once", () => {
    const names = RECIPES.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
    for (const tool of TOOLS) assert.ok(names.includes(tool.recipe), `${tool.name} has no recipe ${tool.recipe}`);
  });

  it("pin every module exactly", () => {
    for (const entry of RECIPES)
      if (entry.kind === "go")
        for (const version of Object.values(entry.require)) assert.match(version, /^v\d+\.\d+\.\d+$/);
  });
});

describe("versions on PATH", () => {
  for (const { text, pattern, expected } of [
    { text: "v3.250.0", pattern: /v(3)\.(\d+)\.(\d+)/, expected: [3, 250, 0] },
    { text: "go1.26", pattern: /go(\d+)\.(\d+)(?:\.(\d+))?/, expected: [1, 26, 0] },
    { text: "Client Version: v1.32.4-dispatcher\n", pattern: /v(\d+)\.(\d+)\.(\d+)/, expected: [1, 32, 4] },
    { text: "nothing of the kind", pattern: /v(\d+)\.(\d+)\.(\d+)/, expected: undefined },
  ])
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseVersion(text, pattern), expected);
    });

  it("compares by the first number that differs", () => {
    assert.equal(atLeast([1, 26, 0], [1, 26, 0]), true);
    assert.equal(atLeast([1, 26, 8], [1, 27, 0]), false);
    assert.equal(atLeast([2, 0, 0], [1, 99, 99]), true);
    assert.equal(atLeast([1, 9, 9], [1, 10, 0]), false);
  });
});

describe("Debian packages", () => {
  it("are asked for only where none of their programs is there", () => {
    const packages = [
      { name: "one", anyOf: ["/a", "/b"] },
      { name: "two", anyOf: ["/c"] },
    ];
    assert.deepEqual(
      missingPackages(packages, (file) => file === "/b"),
      ["two"],
    );
    assert.deepEqual(
      missingPackages(packages, () => true),
      [],
    );
  });
});

describe("stand-in plugins", () => {
  it("start their bundle in the place of the shell, so that signals reach it", () => {
    const { text, mode } = standInFiles("random")["pulumi-resource-random"] ?? { text: "", mode: 0 };
    assert.equal(mode, 0o755);
    assert.equal(text, '#!/bin/sh\nexec node "$(dirname "$0")/plugin-random.cjs" "$@"\n');
  });

  it("bring no project file, which would make the engine run npm", () => {
    assert.deepEqual(Object.keys(standInFiles("docker")), ["pulumi-resource-docker"]);
  });
});

describe("inParallel", () => {
  it("keeps to its limit and does everything", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, undefined, async (item) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running -= 1;
      done.push(item);
    });
    assert.equal(most, 2);
    assert.deepEqual(done.sort(), [1, 2, 3, 4, 5]);
  });

  it("starts nothing after a failure, and throws it", async () => {
    const begun: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      await Promise.resolve();
      if (item === 1) throw new Error("no");
    };
    await assert.rejects(inParallel([1, 2, 3], 1, undefined, work), /no/);
    assert.deepEqual(begun, [1]);
  });
});

describe("the packages that are installed", () => {
  // The engine's language host reads each package's description, and each command sees to it that its plugin is there.
  it("name no provider plugin that the set-up does not see to", () => {
    const { packages } = JSON.parse(fs.readFileSync(path.join(projectRoot(), "package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, unknown>>;
    };
    const wanted = Object.keys(packages).filter((folder) => {
      const file = path.join(projectRoot(), folder, "package.json");
      if (folder === "" || !fs.existsSync(file)) return false;
      const { pulumi } = JSON.parse(fs.readFileSync(file, "utf8")) as { pulumi?: { resource?: boolean } };
      return pulumi?.resource === true;
    });
    assert.deepEqual(wanted.sort(), PLUGINS.map((name) => `node_modules/@pulumi/${name}`).sort());
  });
});
