interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One run of one way. */
export interface Measured {
  /** Of the whole program, its start included. */
  readonly seconds: number;
  /** Of its processes. */
  readonly cpuSeconds: number;
  /** Of the server's, for it. */
  readonly serverSeconds: number;
  readonly rows: number;
  readonly bytes: number;
  readonly peakMiB?: number;
  readonly stages?: Readonly<Record<string, number>>;
}

export interface Figures {
  readonly seconds: Spread;
  readonly cpuSeconds: number;
  readonly serverSeconds: number;
  /** Of a run to the dump of the same run: the median of all runs. */
  readonly toPlainDump: number;
  readonly toPackedDump: number;
  /** The same of all processor time, the server's included; hardly depends on what else runs. */
  readonly cpuToPlainDump: number;
  readonly cpuToPackedDump: number;
  readonly rowsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly peakMiB?: number;
  /** Seconds, medians. */
  readonly stages?: Readonly<Record<string, number>>;
}

/** What a way takes however much there is, and for each byte of COPY text; from two sizes. */
export interface Parts {
  readonly fixedSeconds: number;
  readonly fixedCpuSeconds: number;
  /** Of processor time, the server's included. */
  readonly nanosecondsPerByte: number;
}

/** @param base what the ways read, and the names of the two dumps among them. */
export function figuresOf(
  measured: ReadonlyMap<string, readonly Measured[]>,
  base: { readonly rows: number; readonly bytes: number; readonly plain: string; readonly packed: string },
): Readonly<Record<string, Figures>> {
  const figures = (all: readonly Measured[]): Figures => {
    const seconds = spread(all.map((each) => each.seconds));
    const to = (dump: string, of: (each: Measured) => number): number =>
      median(
        all.map((each, run) => {
          const other = measured.get(dump)?.[run];
          return other === undefined ? NaN : of(each) / of(other);
        }),
      );
    const wall = (each: Measured): number => each.seconds;
    const peaks = all.flatMap(({ peakMiB }) => peakMiB ?? []);
    const stages = all[0]?.stages;
    return {
      seconds,
      cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
      serverSeconds: median(all.map(({ serverSeconds }) => serverSeconds)),
      toPlainDump: to(base.plain, wall),
      toPackedDump: to(base.packed, wall),
      cpuToPlainDump: to(base.plain, allCpu),
      cpuToPackedDump: to(base.packed, allCpu),
      rowsPerSecond: Math.round(base.rows / seconds.median),
      megabytesPerSecond: round(base.bytes / 1e6 / seconds.median),
      ...(peaks.length === 0 ? {} : { peakMiB: Math.round(Math.max(...peaks)) }),
      ...(stages === undefined
        ? {}
        : {
            stages: Object.fromEntries(
              Object.keys(stages).map((stage) => [stage, median(all.map((each) => each.stages?.[stage] ?? 0))]),
            ),
          }),
    };
  };
  return Object.fromEntries([...measured].map(([way, all]) => [way, figures(all)]));
}

interface Size {
  readonly megabytes: number;
  readonly ways: Readonly<Record<string, Figures>>;
}

/** Of each way that both sizes went. */
export function partsOfWays(small: Size, large: Size): Readonly<Record<string, Parts>> {
  const parts: Record<string, Parts> = {};
  for (const [way, one] of Object.entries(small.ways)) {
    const other = large.ways[way];
    if (other === undefined) continue;
    const perMegabyte = (of: (each: Figures) => number): number =>
      (of(other) - of(one)) / (large.megabytes - small.megabytes);
    const fixed = (of: (each: Figures) => number): number => round(of(one) - perMegabyte(of) * small.megabytes);
    const cpu = (each: Figures): number => each.cpuSeconds + each.serverSeconds;
    parts[way] = {
      fixedSeconds: fixed(({ seconds }) => seconds.median),
      fixedCpuSeconds: fixed(cpu),
      nanosecondsPerByte: round(perMegabyte(cpu) * 1000),
    };
  }
  return parts;
}

const allCpu = ({ cpuSeconds, serverSeconds }: Measured): number => cpuSeconds + serverSeconds;

function spread(values: readonly number[]): Spread {
  return { min: round(Math.min(...values)), median: median(values), max: round(Math.max(...values)) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return round(sorted[sorted.length >>> 1] ?? NaN);
}

export const round = (value: number): number => Math.round(value * 100) / 100;
