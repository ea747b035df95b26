import * as fs from "node:fs";
import * as path from "node:path";
import { reasonOf, RefusedError } from "../errors";
import { exec } from "../exec";
import { withLock } from "../lock";
import type { Step } from "../progress";
import type { ToolchainContext } from "./install";

/**
 * Of each package, what no program needs: texts for people, except licences, and glibc's conversion tables. The last is a
 * link to what no image has.
 */
const LEFT_OUT = [
  ...["doc-base", "info", "lintian", "locale", "man"].map((name) => `./usr/share/${name}`),
  ...["[!c]*", "changelog*"].map((name) => `./usr/share/doc/*/${name}`),
  "./usr/lib/*/gconv",
  "./usr/share/zoneinfo/localtime",
];

/** Old places of programs and libraries; packages of either kind then fit together. */
const MERGED = ["bin", "lib", "lib64", "sbin"];

/** The names in a list of packages: one a line, `#` begins a remark. */
export function packageNames(list: string): readonly string[] {
  return list
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
}

/**
 * Unpacks the newest version that this machine's Debian offers of each package into `root`, an empty folder. Nothing of
 * theirs is run, so no dependency is needed that a program does not load. Which versions went in is left for scanners in
 * /var/lib/dpkg/status.d, as in other images without a package manager.
 */
export async function unpackDebianPackages(
  names: readonly string[],
  root: string,
  step: Step,
  { progress, signal }: ToolchainContext,
): Promise<void> {
  const folder = `${root}.packages`;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  try {
    const waiting = (holder: string) => {
      progress.line(`… ${holder} is installing packages; waiting for it`);
    };
    for (const name of MERGED) {
      makeFolder(path.join(root, "usr", name));
      fs.symlinkSync(path.join("usr", name), path.join(root, name));
    }
    // The same lock as for installing: apt's lists are one to a machine.
    const locked = (body: () => Promise<void>) => withLock("debian-packages", waiting, signal, body);
    await locked(() => newestLists(step, signal));
    const tried = new Set<string>();
    for (let wanted = names; wanted.length > 0; wanted = licencesElsewhere(root, tried)) {
      await locked(() => download(wanted, folder, step, signal));
      for (const name of wanted) tried.add(name);
      step.note("unpack packages");
      for (const file of fs.readdirSync(folder).sort()) {
        await unpack(path.join(folder, file), root, signal);
        fs.rmSync(path.join(folder, file));
      }
    }
    writeCertificates(root);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Fixes of known holes come with newer lists. Without a way to them, the lists that are there must do. */
async function newestLists(step: Step, signal: AbortSignal | undefined): Promise<void> {
  if (process.getuid?.() !== 0) return;
  step.note("apt-get update");
  await exec("apt-get", ["update", "-q"], { signal }).catch(() => {
    signal?.throwIfAborted();
  });
}

async function download(
  names: readonly string[],
  folder: string,
  step: Step,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = { cwd: folder, signal, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" } };
  step.note("apt-get download");
  try {
    await exec("apt-get", ["download", "-q", "-o", "APT::Sandbox::User=root", ...names], options);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new RefusedError(
      `the Debian packages ${names.join(", ")} are needed for an image, and apt-get cannot fetch them. ` +
        `Run as root: apt-get update, then try again. ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

async function unpack(file: string, root: string, signal: AbortSignal | undefined): Promise<void> {
  const listed = await exec("dpkg-deb", ["--field", file], { signal });
  const name = /^Package: (\S+)$/m.exec(listed)?.[1];
  if (name === undefined) throw new Error(`${file} is not a Debian package`);
  const script = 'dpkg-deb --fsys-tarfile "$1" | { shift; tar --extract --keep-directory-symlink "$@"; }';
  const modes = ["--preserve-permissions", "--no-same-owner"];
  const without = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  await exec("sh", ["-c", script, "sh", file, ...modes, ...without, "--directory", root], { signal });
  const status = path.join(root, "var/lib/dpkg/status.d");
  makeFolder(status);
  writeFile(path.join(status, name), listed);
  const sums = await exec("sh", ["-c", 'dpkg-deb --ctrl-tarfile "$1" | tar -xO ./md5sums', "sh", file], { signal });
  writeFile(path.join(status, `${name}.md5sums`), sums);
}

/** Packages that hold the licence of another one that is there: its folder is a link to theirs. */
function licencesElsewhere(root: string, tried: ReadonlySet<string>): string[] {
  const folder = path.join(root, "usr/share/doc");
  const links = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  const targets = links.map(({ name }) => path.basename(fs.readlinkSync(path.join(folder, name))));
  return [...new Set(targets)].filter((name) => !tried.has(name) && !fs.existsSync(path.join(folder, name)));
}

/** What the script of ca-certificates would make: one file with all authorities. */
function writeCertificates(root: string): void {
  const folder = path.join(root, "usr/share/ca-certificates/mozilla");
  if (!fs.existsSync(folder)) return;
  const all = fs.readdirSync(folder).sort();
  const bundle = all.map((name) => `${fs.readFileSync(path.join(folder, name), "utf8").trimEnd()}\n`).join("");
  makeFolder(path.join(root, "etc/ssl/certs"));
  writeFile(path.join(root, "etc/ssl/certs/ca-certificates.crt"), bundle);
}

// Whatever the caller's umask: others than root will read the image's files.
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  fs.mkdirSync(folder);
  fs.chmodSync(folder, 0o755);
}

function writeFile(file: string, text: string): void {
  fs.writeFileSync(file, text);
  fs.chmodSync(file, 0o644);
}

/** Puts files over those of the packages, readable by everybody. */
export function overlay(from: string, root: string): void {
  for (const entry of fs.readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = path.join(entry.parentPath, entry.name);
    const target = path.join(root, path.relative(from, source));
    makeFolder(path.dirname(target));
    writeFile(target, fs.readFileSync(source, "utf8"));
  }
}

/** The folder as a tar archive that depends on nothing but names, contents and modes. */
export async function archive(root: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const file = `${root}.tar`;
  try {
    const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
    await exec("tar", ["--create", ...reproducible, "--file", file, "--directory", root, "."], { signal });
    return fs.readFileSync(file);
  } finally {
    fs.rmSync(file, { force: true });
  }
}
