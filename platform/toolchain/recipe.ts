import { createHash } from "node:crypto";
import type { GoRecipe, Recipe, Version } from "./tools";

/** The go.mod of a recipe: one module per tool keeps their dependency graphs apart. */
export function goModText(recipe: GoRecipe): string {
  const tools = Object.values(recipe.packages).flatMap((pkg) => (pkg === "." ? [] : [`tool ${pkg}`]));
  const requires = Object.entries(recipe.require).map(([module, version]) => `require ${module} ${version}`);
  const replaces = Object.entries(recipe.replace ?? {}).map(([module, target]) => `replace ${module} => ${target}`);
  return [`module tools/${recipe.name}`, "go 1.26", ...tools, ...requires, ...replaces, ""].join("\n");
}

/** Arguments of the `go` command that builds all binaries of a recipe into `out`, a folder. */
export function goBuildArgs(recipe: GoRecipe, out: string): string[] {
  const ldflags = ["-s", "-w", ...(recipe.variables ?? []).flatMap((variable) => ["-X", variable])].join(" ");
  const tags = recipe.tags === undefined ? [] : ["-tags", recipe.tags];
  const packages = Object.entries(recipe.packages);
  const [only] = packages;
  // A package at a module's root may be named after the module's version ("v3"), so one binary gets its name here.
  const target = packages.length === 1 && only !== undefined ? `${out}/${only[0]}` : `${out}/`;
  return [
    "build",
    "-mod=mod",
    "-trimpath",
    ...tags,
    "-ldflags",
    ldflags,
    "-o",
    target,
    ...packages.map(([, pkg]) => pkg),
  ];
}

/** Environment of a build: static, from the installed Go, without flags of the caller's. */
export function goEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: "local", GO111MODULE: "on", GOWORK: "off" };
}

/** Changes whenever what is built, or how, changes. */
export function recipeHash(recipe: Recipe): string {
  const text =
    recipe.kind === "go"
      ? JSON.stringify([goModText(recipe), goBuildArgs(recipe, ""), recipe.files, recipe.main])
      : JSON.stringify(recipe);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The version in a program's own words, or undefined if it is not there. */
export function parseVersion(text: string, pattern: RegExp): Version | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
}

export function atLeast(version: Version, wanted: Version): boolean {
  for (const index of [0, 1, 2] as const) {
    if (version[index] !== wanted[index]) return version[index] > wanted[index];
  }
  return true;
}

/** The pip requirement that accepts the pinned wheel and no other file. */
export function wheelRequirement(distribution: string, version: string, sha256: string): string {
  return `${distribution}==${version} --hash=sha256:${sha256}\n`;
}
