import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { databaseOf, type Component } from "../../core/scan/component";
import { cycloneDx } from "../../core/scan/cyclonedx";
import { judgeDatabase, type Consulted } from "../../core/scan/database";
import { DEFAULT_SCANNERS, type ScannerName } from "../../core/scan/scanners";
import { judgeScan, type Scanned, type ScanVerdict } from "../../core/scan/verdict";
import type { FailOn } from "../../core/scan/failOn";
import type { Waiver } from "../../core/scan/waiver";
import { hmsHome } from "../../platform/home";
import { referenceOf } from "../../platform/plugins/docker/reference";
import type { Session as DockerSession } from "../../platform/plugins/docker/session";
import { catalogOf } from "./catalog";
import { contentOf, findDatabase } from "./databaseFolder";
import { gitleaks } from "./gitleaks";
import { grype } from "./grype";
import { absent, type ImageScanner } from "./imageScanner";
import { osvScanner } from "./osvScanner";
import { plantedImage } from "./plantedImage";
import { saveImage, type SavedImage } from "./savedImage";
import type { ScanWork } from "./scanner";
import { trivy } from "./trivy";

/** What decides a verdict. */
export interface ScanSettings {
  readonly failOn: FailOn;
  /** Seconds that the newest advisory may be old. */
  readonly maxDatabaseAge: number;
  readonly waivers: readonly Waiver[];
  /** Fewer packages than this are taken for a failure to read the image. */
  readonly leastComponents: number;
  /** Folder that `hms scan database import` fills. */
  readonly database: string;
  /** Who is asked; each of them has to answer. @default DEFAULT_SCANNERS */
  readonly scanners?: readonly ScannerName[];
}

export interface ScanContext {
  readonly docker: DockerSession;
  /** Makes a scanner's program be there, and gives its path. */
  tool(name: "osv-scanner" | "gitleaks"): Promise<string>;
  /** The program of that name on PATH. */
  installed(name: ScannerName): string | undefined;
  /** Where the scan stands. */
  readonly note: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface ScannedImage {
  readonly verdict: ScanVerdict;
  /** Bill of materials, CycloneDX JSON. */
  readonly sbom: string;
}

/**
 * Scans an image: what it is made of, what is known of that, and secrets in any of its layers.
 * @throws what keeps it from being read at all; everything else is in the verdict.
 */
export async function scanImage(name: string, settings: ScanSettings, context: ScanContext): Promise<ScannedImage> {
  const { docker, env, signal, note } = context;
  const folder = await scratch(env);
  try {
    note("reading the layers");
    const image = await saveImage(name, folder, docker, signal);
    const { components, problems } = await catalogOf(image.layers, signal);
    const asked = components.filter(isAsked);
    const { databases, scanned } = await askAll(image, asked, settings, context, { folder, env, signal });
    const verdict = judgeScan({
      target: image.target,
      components: components.length,
      leastComponents: settings.leastComponents,
      databases,
      problems,
      scanned,
      waivers: settings.waivers,
      failOn: settings.failOn,
      now: new Date(),
    });
    return { verdict, sbom: cycloneDx({ name: referenceOf(name).name, id: image.target.id }, components) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Answers {
  readonly databases: { readonly scanner: string; readonly database: Consulted }[];
  readonly scanned: Scanned[];
}

/** One after the other: each of them takes all cores. */
async function askAll(
  image: SavedImage,
  asked: readonly Component[],
  settings: ScanSettings,
  context: ScanContext,
  work: ScanWork,
): Promise<Answers> {
  const { scanners = DEFAULT_SCANNERS, maxDatabaseAge } = settings;
  const [databases, scanned]: [Answers["databases"], Scanned[]] = [[], []];
  const now = new Date();
  if (scanners.includes("osv-scanner")) {
    const needed = [...new Set(asked.map(({ ecosystem }) => databaseOf(ecosystem)))].sort();
    const database = judgeDatabase(await findDatabase(settings.database, needed), needed, now, maxDatabaseAge);
    databases.push({ scanner: "osv-scanner", database });
    if (database.state !== "error") {
      context.note(`asking advisories about ${asked.length} packages`);
      const scanner = osvScanner(await context.tool("osv-scanner"));
      scanned.push(await scanner.scan(asked, await contentOf(settings.database), database.canaries, work));
    }
  }
  if (scanners.includes("gitleaks")) {
    context.note("looking for secrets");
    // Before anything is planted for others: it looks at the image's folder as it is.
    scanned.push(await gitleaks(await context.tool("gitleaks")).scan(image.folder, work));
  }
  const others = (Object.keys(OF_IMAGES) as (keyof typeof OF_IMAGES)[]).filter((name) => scanners.includes(name));
  const programs = others.map((name) => ({ name, program: context.installed(name) }));
  const planted = programs.some(({ program }) => program !== undefined)
    ? await plantedImage(image, work.folder, work.signal)
    : undefined;
  for (const { name, program } of programs) {
    const { scanner, from } = OF_IMAGES[name];
    if (program === undefined || planted === undefined) {
      scanned.push(absent(name, from));
      continue;
    }
    context.note(`asking ${name}`);
    const answer = await scanner(program)({ image: planted, components: asked, now, maxDatabaseAge }, work);
    scanned.push(answer.scanned);
    if (answer.database !== undefined) databases.push({ scanner: name, database: answer.database });
  }
  return { databases, scanned };
}

/** Scanners that take a whole image, and where they come from. */
const OF_IMAGES: Readonly<
  Record<"trivy" | "grype", { readonly scanner: (program: string) => ImageScanner; readonly from: string }>
> = {
  trivy: { scanner: trivy, from: "https://trivy.dev" },
  grype: { scanner: grype, from: "https://github.com/anchore/grype" },
};

/** What was built from a working copy has no version that an advisory could name. */
const isAsked = ({ version }: Component): boolean => /\d/.test(version);

/** A folder for one scan; those of scans that were killed go. */
async function scratch(env: NodeJS.ProcessEnv): Promise<string> {
  const root = path.join(hmsHome(env), "scan", "work");
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const name of await readdir(root))
    if (!isAlive(Number(name.split("-")[0]))) await rm(path.join(root, name), { recursive: true, force: true });
  return mkdtemp(path.join(root, `${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
