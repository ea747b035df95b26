import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseDocument } from "yaml";
import { canonicalJson } from "../core/canonicalJson";
import { asObject, path as at } from "../core/json";
import type { PlanSources } from "../core/preview/planFile";
import { sha256 } from "../core/sha256";

/** What the engine runs when it updates a stack: another text of any of it may do something else. */
const PROGRAM = [
  ...["bin", "index.cjs", "index.ts", "Pulumi.yaml", "package-lock.json"],
  ...["components", "config", "core", "platform", "policy", "provider"],
];

/** Hashes of the program and of a stack's file, as they are now. @param root the project's folder. */
export function planSources(root: string, stack: string): PlanSources {
  const program = PROGRAM.filter((name) => existsSync(path.join(root, name)));
  return {
    program: Object.fromEntries(program.map((name) => [name, hashOf(path.join(root, name))])),
    configuration: configurationOf(path.join(root, `Pulumi.${stack}.yaml`)),
  };
}

function hashOf(place: string): string {
  if (!statSync(place).isDirectory()) return sha256(readFileSync(place));
  const files = readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return sha256(canonicalJson(files.map((file) => [path.relative(place, file), sha256(readFileSync(file))])));
}

/** Key by key; the engine writes scalars as texts when it saves the file, and means the same. */
function configurationOf(file: string): Record<string, string> {
  const config = existsSync(file)
    ? asObject(at(parseDocument(readFileSync(file, "utf8")).toJS(), "config"))
    : undefined;
  return Object.fromEntries(
    Object.entries(config ?? {}).map(([key, value]) => {
      const said = typeof value === "boolean" || typeof value === "number" ? String(value) : value;
      return [key, sha256(canonicalJson(said))];
    }),
  );
}
