import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { readSandbox, type SandboxConfig, type SandboxWish } from "../../config/sandbox";
import { stackNames } from "../../config/stackFile";
import { path as at, asObject } from "../../core/json";
import { stampOf, type SandboxIdentity } from "../../core/sandbox/identity";
import { isSandboxName } from "../../core/sandbox/name";
import { RefusedError } from "../../platform/errors";
import type { SandboxPlace } from "./place";

export type ServiceWishes = Readonly<Record<string, SandboxWish>>;

const fileOf = ({ root }: Pick<SandboxPlace, "root">, name: string): string => path.join(root, `Pulumi.${name}.yaml`);

export const hasStackFile = (place: Pick<SandboxPlace, "root">, name: string): boolean =>
  existsSync(fileOf(place, name));

/** Whole or not at all. What else the file holds (the engine's salt) stays. */
export function writeStackFile(place: SandboxPlace, identity: SandboxIdentity, services: ServiceWishes): void {
  const file = fileOf(place, identity.name);
  const before: unknown = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  const { owner, purpose, createdAt, expiresAt, snapshot, changed } = identity;
  const sandbox = {
    ...{ owner, purpose, createdAt: stampOf(createdAt), expiresAt: stampOf(expiresAt), snapshot, changed },
    services,
  };
  const config = { "pulumi:disable-default-providers": ["*"], "hms:sandbox": sandbox };
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, stringify({ ...asObject(before), config }), { mode: 0o644 });
  renameSync(fresh, file);
}

/**
 * What the file says; `undefined` without one.
 * @throws RefusedError that lists every problem at once.
 */
export function readStackFile(place: SandboxPlace, name: string): SandboxConfig | undefined {
  const file = fileOf(place, name);
  if (!existsSync(file)) return undefined;
  const config = asObject(at(parse(readFileSync(file, "utf8")), "config")) ?? {};
  const values = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (!key.startsWith("hms:")) return [];
      // The engine may have saved a map as the text of one.
      return [[key.slice(4), typeof value === "string" ? (JSON.parse(value) as unknown) : value] as const];
    }),
  );
  const { root, common } = place;
  const read = readSandbox({
    stack: name,
    values,
    encrypted: [],
    common,
    files: {
      read: (relative) => {
        const full = path.resolve(root, relative);
        return existsSync(full) ? readFileSync(full, "utf8") : undefined;
      },
      absolute: (relative) => path.resolve(root, relative),
    },
  });
  if (read.ok) return read.config;
  throw new RefusedError([`Pulumi.${name}.yaml:`, ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
}

/** What the file wants of each service, as it stands there. */
export function wishesIn(place: Pick<SandboxPlace, "root">, name: string): ServiceWishes {
  const file = fileOf(place, name);
  if (!existsSync(file)) return {};
  return (asObject(at(parse(readFileSync(file, "utf8")), "config", "hms:sandbox", "services")) ?? {}) as ServiceWishes;
}

export function removeStackFile(place: Pick<SandboxPlace, "root">, name: string): boolean {
  const was = hasStackFile(place, name);
  rmSync(fileOf(place, name), { force: true });
  return was;
}

/** Sandboxes that have a file here. */
export const sandboxFiles = ({ root }: Pick<SandboxPlace, "root">): readonly string[] =>
  stackNames(root).filter(isSandboxName);
