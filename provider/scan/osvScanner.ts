import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { advised } from "../../core/scan/component";
import type { Canary } from "../../core/scan/database";
import { packageKey, readOsvReport, type ScannedFile } from "../../core/scan/osvReport";
import type { Scanned } from "../../core/scan/verdict";
import { reasonOf } from "../../platform/errors";
import { exec, tryExec } from "../../platform/exec";
import { without, type VulnerabilityScanner } from "./scanner";

interface Asked {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
}

/**
 * osv-scanner, without network. By itself it says "no issues" of packages whose advisories it has not got, and of files
 * that it cannot read; so it is asked to list every package that it looked at, and has to find what was planted.
 */
export function osvScanner(program: string): VulnerabilityScanner {
  return {
    async scan(components, database, canaries, { folder, env, signal }) {
      const clean = without(env, "OSV_SCANNER");
      const said = await exec(program, ["--version"], { env: clean, signal });
      const version = /osv-scanner version: (\S+)/.exec(said)?.[1] ?? "unknown";
      const work = path.join(folder, "osv-scanner");
      await mkdir(work);
      const [report, config] = [path.join(work, "report.json"), path.join(work, "config.toml")];
      const asked = components.map((component): Asked => ({ ecosystem: component.ecosystem, ...advised(component) }));
      await writeFile(config, "");
      const inputs = [...(await writeFiles(work, ASKED, asked)), ...(await writeFiles(work, PLANTED, canaries))];
      const files = inputs.flatMap((file) => ["-L", `osv-scanner:${file}`]);
      const flags = ["--offline", "--no-resolve", "--all-packages", "--all-vulns", "--verbosity", "error"];
      const result = await tryExec(
        program,
        [
          "scan",
          "source",
          ...flags,
          "--local-db-path",
          database,
          "--config",
          config,
          "--format",
          "json",
          "--output-file",
          report,
          ...files,
        ],
        { env: clean, signal, cwd: work },
      );
      const scanner = { name: "osv-scanner", version };
      // 1: something was found. Everything else is no report, whatever the file says.
      if (result.code !== 0 && result.code !== 1) {
        const tail = result.stderr.trim().split("\n").slice(-3).join("; ").replaceAll(folder, "…");
        return { scanner, findings: [], problems: [`it failed (exit ${result.code}): ${tail}`] };
      }
      try {
        const read = readOsvReport(JSON.parse(await readFile(report, "utf8")) as unknown);
        return { scanner, ...judged(read, asked, canaries) };
      } catch (error) {
        return { scanner, findings: [], problems: [`its report cannot be read: ${reasonOf(error)}`] };
      }
    },
  };
}

function judged(
  read: readonly ScannedFile[],
  asked: readonly Asked[],
  canaries: readonly Canary[],
): Pick<Scanned, "findings" | "problems"> {
  const of = (kind: string) => read.filter(({ path: file }) => path.basename(file).startsWith(kind));
  const seen = new Set(of(ASKED).flatMap((one) => [...one.packages].map(withoutVersion)));
  const unseen = asked.filter(({ ecosystem, name }) => !seen.has(withoutVersion(packageKey(ecosystem, name, ""))));
  const found = of(PLANTED).flatMap(({ findings }) => findings);
  const missed = canaries.filter(
    ({ id, critical }) =>
      !found.some(({ names, severity }) => names.includes(id) && (!critical || severity === "critical")),
  );
  return {
    findings: of(ASKED).flatMap(({ findings }) => findings),
    problems: [
      ...missed.map(
        ({ id, ecosystem, name, version }) =>
          `it did not find the planted ${id} in ${ecosystem}/${name} ${version}, so what else it did not find proves nothing`,
      ),
      ...(unseen.length === 0
        ? []
        : [`it did not look at ${unseen.length} of ${asked.length} packages, among them ${unseen[0]?.name ?? ""}`]),
    ],
  };
}

/** It may write a version its own way: Go's 1.26 as 1.26.99. */
const withoutVersion = (key: string): string => key.slice(0, key.lastIndexOf("@"));

const ASKED = "asked-";
const PLANTED = "planted-";

/** A file for each ecosystem: of two packages of one name and version in one file, osv-scanner 2.4 drops the second. */
async function writeFiles(folder: string, kind: string, packages: readonly Asked[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const ecosystem of new Set(packages.map((one) => one.ecosystem))) {
    const file = path.join(folder, `${kind}${files.length}.json`);
    const listed = packages.filter((one) => one.ecosystem === ecosystem);
    await writeFile(file, customFile(listed));
    files.push(file);
  }
  return files;
}

const customFile = (packages: readonly Asked[]): string =>
  JSON.stringify({
    results: [
      { packages: packages.map(({ ecosystem, name, version }) => ({ package: { name, version, ecosystem } })) },
    ],
  });
