import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ReleaseSpec } from "../rollout/release";
import { isFilePath, type ServiceFiles } from "../service/config";
import { describeValue, problemText, type Problem } from "../service/problem";
import { sha256 } from "../sha256";
import { fileKey } from "./content";

/** A ConfigMap may hold 1 MiB; the rest is for variables. */
export const MOST_BYTES = 900 * 1024;
/** Each is named in the record of each deployment, which is one annotation. */
export const MOST_FILES = 50;

export interface ReadFiles {
  /** What the release's spec says of them. */
  readonly config: NonNullable<ReleaseSpec["config"]>;
  /** Path below the mount -> bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The files of a service cannot be delivered; every reason is in `problems`. */
export class BadFiles extends Error {
  override readonly name = "BadFiles";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

interface Found {
  readonly path: string;
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads what a service's pods are to find below its mount. In a folder, what begins with a dot is left out.
 * @param env variables of the service, which share the ConfigMap with the files
 * @param root folder from which people see paths
 * @throws BadFiles
 */
export async function readFiles(
  { mount, files }: ServiceFiles,
  env: Readonly<Record<string, string>>,
  root = process.cwd(),
): Promise<ReadFiles> {
  const problems: Problem[] = [];
  const found: Found[] = [];
  for (const [key, source] of Object.entries(files).sort(byName)) {
    const at = ["config", "files", key];
    if ("text" in source) found.push({ path: key, key, bytes: Buffer.from(source.text, "utf8") });
    else if ("file" in source) {
      const read = await readOne(source.file, shown(source.file, root));
      if (read instanceof Uint8Array) found.push({ path: key, key, bytes: read });
      else problems.push({ path: [...at, "file"], ...read });
    } else {
      const read = await readFolder(source.folder, shown(source.folder, root));
      if ("got" in read) problems.push({ path: [...at, "folder"], ...read });
      else
        for (const [path, bytes] of read.files) found.push({ path: key === "." ? path : `${key}/${path}`, key, bytes });
    }
  }
  problems.push(...clashes(found, env), ...limits(found));
  if (problems.length > 0) throw new BadFiles(problems.map(problemText));
  const sorted = found.sort((a, b) => (a.path < b.path ? -1 : 1));
  const digests = Object.fromEntries(sorted.map(({ path, bytes }) => [path, sha256(bytes)]));
  return { config: { mount, files: digests }, files: new Map(sorted.map(({ path, bytes }) => [path, bytes])) };
}

type Wrong = Omit<Problem, "path">;
const FILE = {
  allowed: "a file that can be read",
  advice: "correct the path; it starts at the folder of service.yaml",
};
const FOLDER = {
  allowed: "a folder with at least one file",
  advice: "correct the path; it starts at the folder of service.yaml",
};

async function readOne(absolute: string, name: string): Promise<Uint8Array | Wrong> {
  const kind = await kindOf(absolute);
  if (kind === "folder")
    return { got: `the folder ${name}`, ...FILE, advice: "write folder: to take each of its files" };
  if (kind !== "file") return { got: `${name}, ${kind}`, ...FILE };
  const { size } = await stat(absolute);
  if (size > MOST_BYTES) return tooLarge(`${name} with ${size} bytes`);
  return await readFile(absolute).catch(() => ({ got: `${name}, which cannot be read`, ...FILE }));
}

async function readFolder(
  absolute: string,
  name: string,
): Promise<{ readonly files: ReadonlyMap<string, Uint8Array> } | Wrong> {
  const kind = await kindOf(absolute);
  if (kind === "file") return { got: `the file ${name}`, ...FOLDER, advice: "write file: to take this one" };
  if (kind !== "folder") return { got: `${name}, ${kind}`, ...FOLDER };
  const paths = await pathsIn(absolute);
  if (paths.length === 0) return { got: `${name}, which has no file`, ...FOLDER };
  if (paths.length > MOST_FILES) return tooMany(`${name} with ${paths.length} files`);
  const files = new Map<string, Uint8Array>();
  for (const path of paths) {
    const bytes = await readOne(join(absolute, path), `${name}/${path}`);
    if (!(bytes instanceof Uint8Array)) return bytes;
    files.set(path, bytes);
  }
  return { files };
}

/** Of the files at any depth. One too many is enough to know. */
async function pathsIn(root: string, folder = ""): Promise<string[]> {
  const paths: string[] = [];
  const entries = (await readdir(join(root, folder))).filter((name) => !name.startsWith(".")).sort();
  for (const name of entries) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if ((await kindOf(join(root, path))) !== "folder") paths.push(path);
    else if (folder.split("/").length < DEEPEST) paths.push(...(await pathsIn(root, path)));
    if (paths.length > MOST_FILES) break;
  }
  return paths;
}

/** A link may lead back up. */
const DEEPEST = 10;

async function kindOf(absolute: string): Promise<"file" | "folder" | "which is not there" | "which is neither"> {
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) return "which is not there";
  return found.isFile() ? "file" : found.isDirectory() ? "folder" : "which is neither";
}

/** Two contents for one path, a file where a folder is, names that pods could not be given. */
function clashes(found: readonly Found[], env: Readonly<Record<string, string>>): Problem[] {
  const first = new Map<string, Found>();
  return found.flatMap((one): Problem[] => {
    const { path, key } = one;
    const at = ["config", "files", key];
    if (!isFilePath(path)) {
      const allowed = "letters, digits, hyphens, dots and underscores, at most 100, no two dots in a row";
      return [
        { path: at, got: `a file ${describeValue(path)}`, allowed, advice: "rename it, or name files one by one" },
      ];
    }
    if (Object.hasOwn(env, fileKey(path))) {
      const allowed = "a file that is not called like a variable under env";
      return [{ path: at, got: describeValue(path), allowed, advice: "rename one of the two" }];
    }
    const other = first.get(path) ?? [...first.values()].find((before) => isInside(path, before.path));
    first.set(path, one);
    if (!other) return [];
    const got = `${describeValue(path)} beside ${describeValue(other.path)} of config.files.${other.key}`;
    return [
      { path: at, got, allowed: "each path once, and no file where a folder is", advice: "remove one of the two" },
    ];
  });
}

const isInside = (a: string, b: string): boolean => a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

function limits(found: readonly Found[]): Problem[] {
  const bytes = found.reduce((sum, one) => sum + one.bytes.length, 0);
  const at = ["config", "files"];
  return [
    ...(bytes > MOST_BYTES ? [{ path: at, ...tooLarge(`${bytes} bytes together`) }] : []),
    ...(found.length > MOST_FILES ? [{ path: at, ...tooMany(`${found.length} files`) }] : []),
  ];
}

const tooLarge = (got: string): Wrong => ({
  got,
  allowed: `at most ${MOST_BYTES} bytes (900 KiB) in all files together, as a ConfigMap holds no more`,
  advice: "put what is larger into the image, or where the service can fetch it",
});

const tooMany = (got: string): Wrong => ({
  got,
  allowed: `at most ${MOST_FILES} files`,
  advice: "put them into the image, or join them",
});

const shown = (absolute: string, root: string): string => relative(root, absolute) || ".";
const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
