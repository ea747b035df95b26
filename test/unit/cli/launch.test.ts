import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { projectRoot } from "../../../platform/home";

/** A project as small as the launcher accepts: its own sources, the real modules. */
function smallProject(): { readonly root: string; run(): string; write(file: string, text: string): void } {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "hms-launch-")));
  const real = projectRoot();
  const write = (file: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  };
  const launcher = fs.readdirSync(path.join(real, "bin")).filter((name) => name.endsWith(".cjs"));
  for (const file of [
    ...launcher.map((name) => `bin/${name}`),
    ...["package-lock.json", "package.json", "tsconfig.json"],
  ])
    write(file, fs.readFileSync(path.join(real, file), "utf8"));
  fs.symlinkSync(path.join(real, "node_modules"), path.join(root, "node_modules"));
  write("provider/main.ts", 'import { word } from "./word";\nconsole.log(word, ...process.argv.slice(2));\n');
  write("provider/word/index.ts", 'export const word: string = "first";\n');
  const run = () => {
    const ended = spawnSync(process.execPath, [path.join(root, "bin", "launch.cjs"), "provider", "127.0.0.1:1"], {
      encoding: "utf8",
    });
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  };
  return { root, run, write };
}

describe("the launcher", () => {
  let project: ReturnType<typeof smallProject>;
  beforeEach(() => {
    project = smallProject();
  });
  afterEach(() => {
    fs.rmSync(project.root, { recursive: true, force: true });
  });

  const bundleTime = () => fs.statSync(path.join(project.root, "dist", "provider.cjs")).mtimeMs;

  it("hands the arguments on, and prints nothing on stdout itself", () => {
    assert.equal(project.run(), "first 127.0.0.1:1\n");
  });

  it("bundles once, and again after an edit", () => {
    project.run();
    const built = bundleTime();
    project.run();
    assert.equal(bundleTime(), built);
    project.write("provider/word/index.ts", 'export const word: string = "second";\n');
    assert.equal(project.run(), "second 127.0.0.1:1\n");
  });

  it("sees a new file that is resolved instead of an old one", () => {
    project.run();
    project.write("provider/word.ts", 'export const word: string = "nearer";\n');
    assert.equal(project.run(), "nearer 127.0.0.1:1\n");
  });

  it("bundles nothing again that was only written again, or copied with its bundle", () => {
    project.run();
    const built = bundleTime();
    project.write("provider/word/index.ts", 'export const word: string = "first";\n');
    project.run();
    assert.equal(bundleTime(), built);
    const copy = smallProject();
    fs.cpSync(path.join(project.root, "dist"), path.join(copy.root, "dist"), {
      recursive: true,
      preserveTimestamps: true,
    });
    assert.equal(copy.run(), "first 127.0.0.1:1\n");
    // Copied times are rounded.
    assert.ok(Math.abs(fs.statSync(path.join(copy.root, "dist", "provider.cjs")).mtimeMs - built) < 1);
    copy.write("provider/word/index.ts", 'export const word: string = "second";\n');
    assert.equal(copy.run(), "second 127.0.0.1:1\n");
    fs.rmSync(copy.root, { recursive: true });
  });

  it("bundles anew where the bundle itself was touched, cut short or lost its record", () => {
    project.run();
    for (const spoil of [
      () => {
        project.write("dist/provider.cjs", "process.exit(3)");
      },
      () => {
        project.write("dist/provider.inputs.json", "{");
      },
      () => {
        fs.rmSync(path.join(project.root, "dist"), { recursive: true });
      },
    ]) {
      spoil();
      assert.equal(project.run(), "first 127.0.0.1:1\n");
    }
  });

  it("names the sources in the stack of an error, of one that was caught too", () => {
    project.write(
      "provider/word/index.ts",
      "const fail = (): never => {\n  throw new Error('on purpose');\n};\n" +
        "try {\n  fail();\n} catch (error) {\n  console.error((error as Error).stack);\n}\nfail();\nexport const word = '';\n",
    );
    const ended = spawnSync(process.execPath, [path.join(project.root, "bin", "launch.cjs"), "provider"], {
      encoding: "utf8",
    });
    assert.equal(ended.status, 1);
    const [, caught = "", uncaught = ""] = ended.stderr.split("Error: on purpose");
    assert.match(caught, /^\n {4}at fail \(.*\/provider\/word\/index\.ts:2:9\)\n {4}at .*index\.ts:5:3/);
    assert.match(uncaught, /^\n {4}at fail \(.*\/provider\/word\/index\.ts:2:9\)\n {4}at .*index\.ts:9:1/);
  });

  it("has a program say where it failed without translating each stack before", () => {
    project.write("index.ts", 'export = () => Promise.resolve().then(() => {\n  throw new Error("on purpose");\n});\n');
    project.write(
      "engine.cjs",
      `const program = require("./bin/launch.cjs").load("program");
       process.on("unhandledRejection", (error) => console.log(error.stack));
       console.log(Error.prepareStackTrace);
       program();`,
    );
    const ended = spawnSync(process.execPath, [path.join(project.root, "engine.cjs")], { encoding: "utf8" });
    assert.match(ended.stdout, /^undefined\nError: on purpose\n {4}at .*\/index\.ts:2:9/);
  });

  it("says where a source does not build", () => {
    project.write("provider/word/index.ts", "export const word = ;\n");
    const ended = spawnSync(process.execPath, [path.join(project.root, "bin", "launch.cjs"), "provider"], {
      encoding: "utf8",
    });
    assert.equal(ended.status, 1);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /provider\/word\/index\.ts:1:20/);
  });

  it("names its programs when it is asked for another", () => {
    const ended = spawnSync(process.execPath, [path.join(project.root, "bin", "launch.cjs"), "nosuch"], {
      encoding: "utf8",
    });
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /no program "nosuch"; there are hms, /);
  });
});
