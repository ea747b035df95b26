import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { RefusedError } from "../platform/errors";
import { path } from "../core/json";
import { readStack } from "./readStack";
import type { StackConfig } from "./stack";
import { decodeValue } from "./values";

const PREFIX = "hms:";

/** Stacks that this project has a file for. */
export const stackNames = (root: string): string[] =>
  readdirSync(root)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();

/**
 * A stack's decisions as the command line sees them: from its file alone, so that looking and going back need neither
 * the engine nor its state.
 * @throws RefusedError that lists every problem at once
 */
export function loadStackFile(root: string, stack: string): StackConfig {
  const file = resolve(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) {
    throw new RefusedError(
      `stack ${stack}: there is no Pulumi.${stack}.yaml; stacks here are ${stackNames(root).join(", ")}`,
    );
  }
  const document = parseDocument(readFileSync(file, "utf8"));
  const [broken] = document.errors;
  if (broken) throw new RefusedError(`Pulumi.${stack}.yaml: ${broken.message}`);
  const config: unknown = path(document.toJS() as unknown, "config");
  const own = Object.entries(typeof config === "object" && config !== null ? config : {}).filter(([key]) =>
    key.startsWith(PREFIX),
  );
  const values = Object.fromEntries(
    own.map(([key, value]) => [key.slice(PREFIX.length), decoded(key.slice(PREFIX.length), value)]),
  );
  const encrypted = Object.keys(values).filter((key) => path(values[key], "secure") !== undefined);
  const read = readStack({
    stack,
    values,
    encrypted,
    files: {
      read: (relative) =>
        existsSync(resolve(root, relative)) ? readFileSync(resolve(root, relative), "utf8") : undefined,
      absolute: (relative) => resolve(root, relative),
    },
  });
  if (read.ok) return read.config;
  throw new RefusedError(
    [`the configuration of stack ${stack}:`, ...read.problems.map((problem) => `  ${problem}`)].join("\n"),
  );
}

/** The engine rewrites scalars as texts when it saves the file; both spellings mean the same. */
const decoded = (key: string, value: unknown): unknown => (typeof value === "string" ? decodeValue(key, value) : value);
