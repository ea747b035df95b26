import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { commandLine, descendantsOf } from "../../platform/local/procfs";

/** What a tree of processes was at its largest. */
export interface TreePeaks {
  /** Proportional set sizes of all its processes, together: pages that several share are counted once. */
  readonly memoryMiB: number;
  readonly processes: number;
  /** The most that were there at one moment, by kind. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Proportional set size of one process of each kind, on average, when the tree was at its largest. */
  readonly eachMiB: Readonly<Record<string, number>>;
}

/** A second in /proc, on every Linux that Node.js runs on. */
const TICKS = 100;

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/pulumi-language-/, "language host"],
  [/plugin-kubernetes\.cjs|pulumi-resource-kubernetes/, "plugin kubernetes"],
  [/plugin-aws\.cjs|pulumi-resource-aws/, "plugin aws"],
  [/plugin-docker\.cjs|pulumi-resource-docker/, "plugin docker"],
  [/plugin-random\.cjs|pulumi-resource-random/, "plugin random"],
  [/launch\.cjs provider\b/, "plugin hms"],
  [/launch\.cjs policy\b/, "policy pack"],
  [/cmd\/run\b/, "program"],
  [/(^|\/)pulumi /, "engine"],
];

/** Which part of an update a process is, by its command line. */
export const kindOf = (words: readonly string[]): string => {
  const line = `${words.join(" ")} `;
  return KINDS.find(([pattern]) => pattern.test(line))?.[1] ?? "other";
};

/** Looks at the processes below one until it is told to stop. A look costs as much as the tree is large, so looks are rare in a large one. */
export class TreeWatch {
  /** Processor time of each process that was ever seen, in ticks. */
  private readonly ticks = new Map<number, number>();
  private peaks: TreePeaks = { memoryMiB: 0, processes: 0, byKind: {}, eachMiB: {} };
  private readonly over = new AbortController();
  private readonly watching: Promise<void>;

  constructor(private readonly root: number) {
    this.watching = this.watch();
  }

  async stop(): Promise<TreePeaks> {
    this.over.abort();
    await this.watching;
    return this.peaks;
  }

  /** Processor time of all that was seen, up to the last look at each. */
  get cpuSeconds(): number {
    return [...this.ticks.values()].reduce((sum, ticks) => sum + ticks, 0) / TICKS;
  }

  private async watch(): Promise<void> {
    while (!this.over.signal.aborted) {
      const begun = performance.now();
      this.look();
      const pause = Math.max(250, 4 * (performance.now() - begun));
      await sleep(pause, undefined, { signal: this.over.signal }).catch(() => undefined);
    }
  }

  private look(): void {
    const sizes = new Map<string, number[]>();
    for (const pid of descendantsOf([this.root])) {
      const mebibytes = shareOf(pid);
      this.ticks.set(pid, Math.max(this.ticks.get(pid) ?? 0, ticksOf(pid)));
      const kind = kindOf(commandLine(pid));
      if (mebibytes !== undefined) sizes.set(kind, [...(sizes.get(kind) ?? []), mebibytes]);
    }
    const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    const memoryMiB = Math.round(total([...sizes.values()].map(total)));
    const processes = total([...sizes.values()].map(({ length }) => length));
    const { peaks } = this;
    const kinds = new Set([...Object.keys(peaks.byKind), ...sizes.keys()]);
    this.peaks = {
      memoryMiB: Math.max(peaks.memoryMiB, memoryMiB),
      processes: Math.max(peaks.processes, processes),
      byKind: Object.fromEntries(
        [...kinds].sort().map((kind) => [kind, Math.max(peaks.byKind[kind] ?? 0, sizes.get(kind)?.length ?? 0)]),
      ),
      eachMiB:
        memoryMiB > peaks.memoryMiB
          ? Object.fromEntries([...sizes].map(([kind, each]) => [kind, Math.round(total(each) / each.length)]))
          : peaks.eachMiB,
    };
  }
}

/** Proportional set size of a process in MiB; `undefined` when it has gone. */
function shareOf(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  } catch {
    return undefined;
  }
}

/** Processor time that a process has used itself; 0 when it has gone. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
