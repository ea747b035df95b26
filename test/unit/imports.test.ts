import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.resolve(__dirname, "..", "..");
/** Folder -> the folders besides itself that it may know. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  core: ["platform"],
  platform: ["core"],
  verifier: ["core"],
  provider: ["core", "platform"],
  config: ["core", "platform"],
  components: ["config", "provider", "core", "platform"],
  policy: ["config", "core", "platform"],
  cli: ["config", "provider", "core", "platform"],
  runner: ["cli", "provider", "core", "platform"],
};

/** File -> the files of this project that it imports, for values or for types. */
function importsOf(folders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => path.join(folder, name)),
  );
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(path.join(ROOT, file), "utf8"), true, true);
      const named = importedFiles.filter(({ fileName }) => fileName.startsWith("."));
      const found = named.flatMap(({ fileName }) => {
        const base = path.join(path.dirname(file), fileName);
        return [`${base}.ts`, path.join(base, "index.ts")].find((name) => known.has(name)) ?? [];
      });
      return [file, found];
    }),
  );
}

/** The first way back to a file that is found, as `a -> b -> a`. */
function circleOf(graph: ReadonlyMap<string, readonly string[]>): string | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(" -> ");
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...way, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe("imports", () => {
  let graph: ReadonlyMap<string, readonly string[]>;
  before(() => (graph = importsOf(Object.keys(BELOW))));

  it("never lead back to where they began, those of types alone neither", () => {
    assert.ok(graph.size > 500);
    assert.equal(circleOf(graph), undefined);
    assert.equal(circleOf(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), "b -> c -> b"); // prettier-ignore
  });

  it("point down: no folder knows one that is built on it", () => {
    const folderOf = (file: string): string => file.split(path.sep)[0] ?? "";
    const up = [...graph].flatMap(([file, imported]) => {
      const allowed = [folderOf(file), ...(BELOW[folderOf(file)] ?? [])];
      return imported.filter((other) => !allowed.includes(folderOf(other))).map((other) => `${file} -> ${other}`);
    });
    assert.deepEqual(up, []);
  });
});
