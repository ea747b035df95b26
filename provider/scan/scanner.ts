import type { Canary } from "../../core/scan/database";
import type { Component } from "../../core/scan/component";
import type { Scanned } from "../../core/scan/verdict";

/** What a scanner is given to look at. */
export interface ScanWork {
  /** Scratch of this scan; a scanner makes folders of its own in it. */
  readonly folder: string;
  /** Environment for the scanner's process. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Finds known weaknesses of packages. */
export interface VulnerabilityScanner {
  /** @param database folder that it may read and whose content was checked @param canaries what it has to find beside them */
  scan(
    components: readonly Component[],
    database: string,
    canaries: readonly Canary[],
    work: ScanWork,
  ): Promise<Scanned>;
}

/** Finds what nobody may have in an image. */
export interface SecretScanner {
  /** @param folder with the image's layers as archives, and its configuration */
  scan(folder: string, work: ScanWork): Promise<Scanned>;
}

/** Variables that would change what a scanner looks at are not handed on. */
export const without = (env: NodeJS.ProcessEnv, prefix: string): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(prefix)));
