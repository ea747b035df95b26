import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";
import { asArray, asNumber, asString, path as at } from "../../core/json";
import { isSandboxName } from "../../core/sandbox/name";
import { CancelledError, RefusedError } from "../../platform/errors";
import { readLocks, refuseLiving, removeLock } from "../engineLock";
import { pulumi, reasonOf, up, type PulumiCall } from "../pulumi";
import { stateFolder } from "../stateFiles";

/** The engine's own commands, for stacks that come and go. */
export interface Engine {
  readonly root: string;
  /** With the engine on its PATH, and its backend. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

const call = (engine: Engine, stack: string): PulumiCall => ({ ...engine, stack });
const PLAIN = ["--non-interactive", "--color", "never"];

/** A stack of the backend, by the engine's record alone. */
export interface KnownStack {
  readonly name: string;
  /** ISO 8601; absent where nothing was ever updated. */
  readonly lastUpdate?: string;
  readonly resources: number;
  /** Whether somebody works on it now. */
  readonly busy: boolean;
}

/** Sandboxes that the backend has a record of. */
export async function knownStacks(engine: Engine): Promise<readonly KnownStack[]> {
  const text = await ask(engine, "", ["stack", "ls", "--json", ...PLAIN]);
  return asArray(JSON.parse(text)).flatMap((one) => {
    const name = asString(at(one, "name"))?.split("/").at(-1) ?? "";
    const lastUpdate = asString(at(one, "lastUpdate"));
    const resources = asNumber(at(one, "resourceCount")) ?? 0;
    const busy = at(one, "updateInProgress") === true;
    return isSandboxName(name) ? [{ name, resources, busy, ...(lastUpdate === undefined ? {} : { lastUpdate }) }] : [];
  });
}

/** Whether the backend has a record of it; `undefined` where only the engine can tell. */
export function hasRecord({ env, root }: Engine, name: string): boolean | undefined {
  const folder = stateFolder(env.PULUMI_BACKEND_URL ?? "", root);
  return folder === undefined ? undefined : existsSync(path.join(folder, ".pulumi", "stacks", "hms", `${name}.json`));
}

/** One update; the stack is made first where it is new. @throws RefusedError with the engine's reason. */
export async function update(engine: Engine, name: string): Promise<void> {
  if (hasRecord(engine, name) === false)
    await pulumi({ ...call(engine, name), onLine: () => undefined }, ["stack", "init", name, "--no-select", ...PLAIN]);
  const { code, lines } = await up(call(engine, name));
  if (engine.signal.aborted) throw new CancelledError(`cancelled; hms-sbx create --name ${name} goes on with it`);
  if (code !== 0) throw new RefusedError(reasonOf(lines));
}

/**
 * Clears locks of engines that have ended. @throws RefusedError while one that lives, or may live, works on the stack.
 */
export function freeLocks({ env, root, onLine }: Engine, name: string): void {
  const backend = env.PULUMI_BACKEND_URL ?? "";
  // Elsewhere the engine says so itself, when the record is to be removed.
  if (stateFolder(backend, root) === undefined) return;
  const locks = readLocks(backend, root, name);
  for (const { lock } of locks) refuseLiving(lock, name);
  for (const lock of locks) removeLock(lock);
  if (locks.length > 0) onLine(`${name}: the update that held its lock has ended; taking over`);
}

/** What the record of a stack holds: types with the namespaces that its objects are in. */
export interface RecordedResource {
  readonly type: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** `undefined` when there is no such stack. */
export async function recorded(engine: Engine, name: string): Promise<readonly RecordedResource[] | undefined> {
  const { code, lines } = await quietly(engine, name, ["stack", "export", "--stack", name, ...PLAIN]);
  if (code !== 0) {
    if (lines.some((line) => line.includes("no stack named"))) return undefined;
    throw new RefusedError(`the record of stack ${name} cannot be read: ${reasonOf(lines)}`);
  }
  const document: unknown = JSON.parse(lines.join("\n"));
  return asArray(at(document, "deployment", "resources")).map((one) => {
    const namespace = asString(at(one, "inputs", "metadata", "namespace"));
    const own = asString(at(one, "inputs", "metadata", "name"));
    return {
      type: asString(at(one, "type")) ?? "",
      ...(namespace === undefined ? {} : { namespace }),
      ...(own === undefined ? {} : { name: own }),
    };
  });
}

/** `pulumi destroy`, which needs neither program nor sources. @throws RefusedError with the engine's reason. */
export async function destroyStack(engine: Engine, name: string): Promise<void> {
  const args = ["destroy", "--stack", name, "--yes", "--skip-preview", ...PLAIN];
  const { code, lines } = await pulumi(call(engine, name), args);
  if (engine.signal.aborted) throw new CancelledError(`cancelled; hms-sbx destroy ${name} goes on with it`);
  if (code !== 0) throw new RefusedError(reasonOf(lines));
}

/** Removes the record alone; what it names must be gone by then. Quiet when there is none. */
export async function forget(engine: Engine, name: string): Promise<void> {
  const args = ["stack", "rm", name, "--yes", "--force", "--preserve-config", ...PLAIN];
  const { code, lines } = await quietly(engine, name, args);
  if (code !== 0 && !lines.some((line) => line.includes("no stack named")))
    throw new RefusedError(`the record of stack ${name} cannot be removed: ${reasonOf(lines)}`);
  removeLeavings(engine, name);
}

/** The engine keeps copies of records that it has removed: earlier states, with what they held of a sandbox. */
export function removeLeavings({ env, root }: Pick<Engine, "env" | "root">, name: string): void {
  const folder = stateFolder(env.PULUMI_BACKEND_URL ?? "", root);
  if (folder === undefined) return;
  const below = (...parts: readonly string[]) => path.join(folder, ".pulumi", ...parts);
  for (const kept of ["history", "backups"]) rmSync(below(kept, "hms", name), { recursive: true, force: true });
  const stacks = below("stacks", "hms");
  // Copies of its last state, and what an engine had begun to write when it was killed; not a new state of that name.
  const copies = existsSync(stacks) ? readdirSync(stacks).filter((file) => file.startsWith(`${name}.json.`)) : [];
  for (const file of copies) rmSync(path.join(stacks, file), { force: true });
  try {
    // Where its locks were. One that has been taken since stays, and so does its folder.
    rmdirSync(below("locks", "organization", "hms", name));
  } catch {
    return;
  }
}

const quietly = (engine: Engine, name: string, args: readonly string[]) =>
  pulumi({ ...call(engine, name), onLine: () => undefined }, args);

async function ask(engine: Engine, name: string, args: readonly string[]): Promise<string> {
  const { code, lines } = await quietly(engine, name, args);
  if (code !== 0) throw new RefusedError(reasonOf(lines));
  return lines.join("\n");
}
