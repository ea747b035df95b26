import type { Component } from "../../core/scan/component";
import { judgeOwnDatabase, type Consulted, type OwnDatabase } from "../../core/scan/database";
import { typeOf, type ImageReport } from "../../core/scan/imageReport";
import type { ScannerName } from "../../core/scan/scanners";
import type { Scanned } from "../../core/scan/verdict";
import type { PlantedImage } from "./plantedImage";
import type { ScanWork } from "./scanner";

/** What a scanner that takes whole images, and keeps a database of its own, is asked. */
export interface ImageQuestion {
  readonly image: PlantedImage;
  /** What we found in it; without those that no advisory could name. */
  readonly components: readonly Component[];
  readonly now: Date;
  /** Seconds that its database may be old. */
  readonly maxDatabaseAge: number;
}

export interface ImageAnswer {
  readonly scanned: Scanned;
  /** `undefined` where it could not be asked for its database. */
  readonly database: Consulted | undefined;
}

export type ImageScanner = (question: ImageQuestion, work: ScanWork) => Promise<ImageAnswer>;

export const judged = (own: OwnDatabase, { now, maxDatabaseAge }: ImageQuestion): Consulted =>
  judgeOwnDatabase(own, now, maxDatabaseAge);

/** What a scanner that is asked for and is not there says: nothing, which is an error. */
export const absent = (name: ScannerName, where: string): Scanned => ({
  scanner: { name, version: "not installed" },
  findings: [],
  problems: [
    `it is asked for and not on PATH; install it (${where}) on every machine that scans, or leave it out of hms:scan.scanners`,
  ],
});

/** What was planted and not found. */
export function missed(report: ImageReport, { plant }: PlantedImage, secrets: boolean): readonly string[] {
  const proves = "so what else it did not find proves nothing";
  return [
    ...plant.ids
      .filter((id) => !report.planted.includes(id))
      .map((id) => `it did not find the planted ${id} as critical, ${proves}`),
    ...(secrets && !report.plantedSecret ? [`it did not find the secret that was planted, ${proves}`] : []),
  ];
}

/** Kinds of packages that are in the image and that it says it did not look at. */
export function overlooked({ looked }: ImageReport, components: readonly Component[]): readonly string[] {
  if (looked === undefined) return [];
  const kinds = components.map(({ purl }) => typeOf(purl) ?? "");
  return [...new Set(kinds)]
    .filter((kind) => !looked.has(kind))
    .map((kind) => `it looked at none of the ${kinds.filter((one) => one === kind).length} packages of ${kind}`);
}

/** The end of what a scanner said when it failed, without our folder's name. */
export const lastWords = (stderr: string, folder: string): string =>
  stderr.trim().split("\n").slice(-3).join("; ").replaceAll(folder, "…").slice(0, 600);
