import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { baseImages } from "../../core/release/dockerfile";

const EXAMPLE = resolve(__dirname, "../../examples/benefits-api");
const read = (file: string): string => readFileSync(resolve(EXAMPLE, file), "utf8");

interface Dependencies {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

describe("the images that a Dockerfile builds on", () => {
  for (const [what, text, args, images] of [
    ["named outright", "FROM a:1\nFROM --platform=linux/amd64 b:2 AS two", {}, ["a:1", "b:2"]],
    ["by the default of an argument", 'ARG A="a:1"\nARG B\nFROM ${A}\nFROM $B', { B: "b:2" }, ["a:1", "b:2"]],
    ["by an argument that is given", "ARG A=a:1\nFROM ${A}", { A: "other:2" }, ["other:2"]],
    ["not its own stages", "FROM a:1 AS Base\nFROM base\nCOPY --from=base / /", {}, ["a:1"]],
    ["not what is said in a stage", "FROM a:1\nARG A=b:2\nFROM ${A}", {}, ["a:1", ""]],
  ] as const) {
    it(`are found: ${what}`, () => {
      assert.deepEqual(baseImages(text, args), images);
    });
  }

  it("of benefits-api are the pinned Node.js and the modules of its lock file", () => {
    const { NODE_VERSION } = launcher();
    const digest = createHash("sha256").update(read("package-lock.json")).digest("hex").slice(0, 12);
    assert.deepEqual(baseImages(read("Dockerfile"), {}), [
      `127.0.0.1:5000/hms/modules:${digest}`,
      `127.0.0.1:5000/hms/node:${NODE_VERSION}`,
    ]);
  });

  it("hold the versions of modules that its tests run with", () => {
    const own = JSON.parse(read("package.json")) as Dependencies;
    const root = JSON.parse(readFileSync(resolve(__dirname, "../../package.json"), "utf8")) as Dependencies;
    for (const [name, version] of Object.entries(own.dependencies ?? {}))
      assert.equal((root.devDependencies ?? {})[name] ?? root.dependencies?.[name], version, name);
  });
});

function launcher(): { readonly NODE_VERSION: string } {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- plain JavaScript, known only at run time
  return require(resolve(__dirname, "../../bin/launch.cjs")) as { readonly NODE_VERSION: string };
}
