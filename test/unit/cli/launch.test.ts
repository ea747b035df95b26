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
  for (const file of ["bin/launch.cjs", "package-lock.json", "package.json", "tsconfig.json"])
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

describe("the launcher", function () {
  this.timeout(30_000);

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
