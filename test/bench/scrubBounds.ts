import type { ScrubBenchDocument } from "./scrub";

/** Processors that the bounds are of: a dump uses one and a little, a snapshot all. */
const PROCESSORS = 2;

interface Bound {
  readonly what: string;
  readonly got: number | undefined;
  readonly bound: number;
  readonly unit: string;
  /** At least, where more is better. @default false */
  readonly isLeast?: boolean;
}

/** What was measured on the larger database, with what it shall be beside it; a line each. */
export function boundLines({ sizes, peers, machine }: ScrubBenchDocument): readonly string[] {
  const [small, large] = sizes;
  const way = (name: string) => large?.ways[name];
  const growth = (name: string): number | undefined => {
    const [least, most] = [small?.ways[name]?.peakMiB, way(name)?.peakMiB];
    return least === undefined || most === undefined ? undefined : most / least;
  };
  const bounds: readonly Bound[] = [
    { what: "snapshot, stored as it is", got: way("snapshot")?.toPlainDump, bound: 3.5, unit: "times pg_dump" },
    { what: "snapshot, packed", got: way("snapshot-packed")?.toPackedDump, bound: 1, unit: "times pg_dump -Fc" },
    { what: "memory, stored as it is", got: growth("snapshot"), bound: 1.2, unit: "times that of a tenth" },
    { what: "memory, packed", got: growth("snapshot-packed"), bound: 1.2, unit: "times that of a tenth" },
    ...peers.flatMap(({ megabytes, programs }) =>
      Object.entries(programs).map(([name, { timesFaster }]) => ({
        what: `rows in a second of ${Math.round(megabytes)} MB, to ${name}`,
        ...{ got: timesFaster, bound: 10, unit: "times", isLeast: true },
      })),
    ),
  ];
  const lines = bounds.map(({ what, got, bound, unit, isLeast = false }) => {
    if (got === undefined || Number.isNaN(got)) return `  ${what}: not measured`;
    const holds = isLeast ? got >= bound : got <= bound;
    return `${holds ? "✓" : "✗"} ${what}: ${got.toFixed(2)} ${unit}; at ${isLeast ? "least" : "most"} ${bound}`;
  });
  const { cores, load } = machine;
  return cores === PROCESSORS && load <= 1
    ? lines
    : [
        ...lines,
        `Bounds are of ${PROCESSORS} processors that are free; here are ${cores}, with a load of ${load.toFixed(1)}.`,
      ];
}
