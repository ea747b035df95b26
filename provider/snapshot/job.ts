import type { ScrubPlan } from "../../core/scrub/cover";
import type { ScrubCode, ScrubNames, ScrubNumbers } from "../../core/scrub/errors";
import type { GroupMemory } from "../../core/scrub/kAnonymity";
import type { SnapshotManifest } from "../../core/scrub/manifest";
import type { MaskCounts } from "../../core/scrub/mask";
import type { Part } from "../../core/scrub/parts";
import type { FilterMemory } from "../../core/scrub/scan/filter";
import type { Suspect } from "../../core/scrub/scan/suspects";
import type { CanaryResult, ScanReport } from "../../core/scrub/verdicts";
import type { SourceAddress, SourceMoment } from "./source";

/** What each thread that works on one snapshot is given when it starts; memory in it is one for all of them. */
export interface CrewSetup {
  readonly address: SourceAddress;
  readonly moment: SourceMoment;
  readonly plan: ScrubPlan;
  readonly masterKey: Uint8Array;
  readonly epoch: string;
  /** Of all digests of this snapshot, and of tags in its report. */
  readonly key: Uint8Array;
  /** Where parts are written and read. */
  readonly folder: string;
  readonly known: FilterMemory;
  /** One for each set of the plan. */
  readonly groups: readonly GroupMemory[];
  /** Level of zstd or gzip; 0 stores bytes as they are. */
  readonly compression: number;
}

/** A part by the place of its table in the plan. */
export interface PartOf extends Omit<Part, "table"> {
  readonly table: number;
  /** By the size of the table on disk. */
  readonly pages: number;
}

export type StoredPart = SnapshotManifest["tables"][number]["parts"][number];

export interface MaskedPart {
  readonly part: PartOf;
  readonly stored: StoredPart;
  readonly rowsIn: number;
  readonly counts: MaskCounts;
}

/** A part that is to be scanned, with the rows of its table before it. */
export interface ScanOf {
  readonly table: number;
  readonly stored: StoredPart;
  readonly rowsBefore: number;
}

export interface ScannedPart {
  readonly report: ScanReport;
  readonly suspects: ReadonlyMap<bigint, Suspect>;
}

/** What a thread can be asked for, and what it answers. Which thread does it makes no difference to the answer. */
export interface Work {
  /** Puts the values of a part into the set of known ones. */
  readonly read: { readonly job: PartOf; readonly answer: null };
  /** Masks parts one after the other and writes them. The set must know all values if `rewrites`. */
  readonly mask: {
    readonly job: { readonly parts: readonly PartOf[]; readonly rewrites: boolean };
    readonly answer: readonly MaskedPart[];
  };
  readonly scan: { readonly job: ScanOf; readonly answer: ScannedPart };
  /** Plants canaries into rows like those of a table, by its place in the plan. The set must know all values. */
  readonly prove: { readonly job: number; readonly answer: CanaryResult };
  /** Reads parts again. @returns which of the suspicions are values of theirs */
  readonly confirm: {
    readonly job: { readonly parts: readonly PartOf[]; readonly suspects: ReadonlyMap<bigint, Suspect> };
    readonly answer: readonly bigint[];
  };
}
export type WorkKind = keyof Work;
export type Job = { readonly [Kind in WorkKind]: { readonly kind: Kind; readonly job: Work[Kind]["job"] } }[WorkKind];

/** What a thread tells. A fault comes in pieces, for a class does not cross threads. */
export type Told =
  | { readonly kind: "moved"; readonly rows: number; readonly bytes: number }
  | { readonly kind: "done"; readonly answer: unknown }
  | {
      readonly kind: "failed";
      readonly code: ScrubCode;
      readonly names: ScrubNames;
      readonly numbers: ScrubNumbers;
    };
