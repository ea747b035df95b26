import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { readStack } from "./readStack";
import { readSandbox, type SandboxConfig } from "./sandbox";
import { loadSandboxes } from "./sandboxes";
import type { StackConfig } from "./stack";
import { decodeJson, decodeValue } from "./values";

export type { StackConfig } from "./stack";

const PREFIX = "hms:";
/**
 * The configuration of the stack that runs; the one place that reads it.
 * @throws pulumi.RunError that lists every problem at once
 */
export function loadStackConfig(): StackConfig {
  const root = process.cwd();
  const read = readStack({
    stack: pulumi.getStack(),
    values: ownValues(),
    encrypted: encryptedKeys(),
    ...(process.env.HMS_OVERRIDES === undefined ? {} : { overrides: process.env.HMS_OVERRIDES }),
    files: { read: (path) => textOf(resolve(root, path)), absolute: (path) => resolve(root, path) },
  });
  return read.ok ? deepFreeze(read.config) : refuse(read.problems);
}

/**
 * The same for a stack that is a sandbox.
 * @throws pulumi.RunError that lists every problem at once
 */
export function loadSandboxConfig(): SandboxConfig {
  const root = process.cwd();
  const read = readSandbox({
    stack: pulumi.getStack(),
    values: ownValues(),
    encrypted: encryptedKeys(),
    common: loadSandboxes(root),
    files: { read: (path) => textOf(resolve(root, path)), absolute: (path) => resolve(root, path) },
  });
  return read.ok ? read.config : refuse(read.problems);
}

function refuse(problems: readonly string[]): never {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new pulumi.RunError(
    [`${count} in the configuration of stack ${pulumi.getStack()}:`, ...problems.map((problem) => `  ${problem}`)].join(
      "\n",
    ),
  );
}

function ownValues(): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (!name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length);
    own[key] = decodeValue(key, text);
  }
  return own;
}

/** The engine names them to the program in this variable; the SDK keeps its own reader internal. */
function encryptedKeys(): string[] {
  const keys = decodeJson(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((key: unknown) =>
    typeof key === "string" && key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : [],
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value))
    if (typeof member === "object" && member !== null) deepFreeze(member as object);
  return Object.freeze(value);
}
