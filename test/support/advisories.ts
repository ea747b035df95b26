import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";

export const CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
export const HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";

export interface TestAdvisory {
  readonly id: string;
  /** With its release where it has one: `Debian:12`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly vector?: string;
  readonly aliases?: readonly string[];
  readonly modified?: Date;
}

/** An advisory in OSV's form. */
export const advisory = ({
  id,
  ecosystem,
  name,
  versions,
  vector,
  aliases = [],
  modified = new Date(),
}: TestAdvisory) => ({
  schema_version: "1.6.0",
  id,
  modified: modified.toISOString(),
  published: modified.toISOString(),
  aliases,
  summary: "made for a test",
  ...(vector === undefined ? {} : { severity: [{ type: "CVSS_V3", score: vector }] }),
  affected: [{ package: { ecosystem, name }, versions }],
});

/** A folder of dumps as OSV publishes them: `<ecosystem>/all.zip`. */
export async function writeDumps(
  folder: string,
  dumps: Readonly<Record<string, readonly TestAdvisory[]>>,
): Promise<void> {
  for (const [name, advisories] of Object.entries(dumps)) {
    await mkdir(join(folder, name), { recursive: true });
    const zip = new ZipFile();
    for (const one of advisories) zip.addBuffer(Buffer.from(JSON.stringify(advisory(one))), `${one.id}.json`);
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(join(folder, name, "all.zip")));
  }
}

/** What a scan has to find in a database of these tests. */
export const planted = (ecosystem: string, modified?: Date): TestAdvisory => ({
  id: `GHSA-plan-${ecosystem
    .toLowerCase()
    .replace(/[^a-z]/g, "")
    .slice(0, 4)
    .padEnd(4, "x")}-0001`,
  ecosystem,
  name: "planted-by-the-scan",
  versions: ["1.0.0"],
  vector: CRITICAL,
  ...(modified === undefined ? {} : { modified }),
});
