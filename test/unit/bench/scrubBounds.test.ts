import assert from "node:assert/strict";
import type { ScrubBenchDocument } from "../../bench/scrub";
import { boundLines } from "../../bench/scrubBounds";
import { figuresOf, type Measured } from "../../bench/scrubFigures";

const base = { rows: 1000, bytes: 1e6, plain: "pg_dump", packed: "pg_dump -Fc" };

function size(ways: Readonly<Record<string, readonly [seconds: number, peakMiB?: number]>>) {
  const measured = Object.entries(ways).map(([way, [seconds, peakMiB]]): [string, Measured[]] => [
    way,
    [
      {
        seconds,
        cpuSeconds: seconds,
        serverSeconds: 1,
        rows: 1000,
        bytes: 1e6,
        ...(peakMiB === undefined ? {} : { peakMiB }),
      },
    ],
  ]);
  const load = { seconds: 1, rowsPerSecond: 1 };
  return { rows: 1000, megabytes: 1, ways: figuresOf(new Map(measured), base), load };
}

const document = (load: number): ScrubBenchDocument => ({
  machine: { cores: 2, node: "v24.0.0", load },
  runs: 1,
  sizes: [
    size({ pg_dump: [1], "pg_dump -Fc": [2], snapshot: [9, 100], "snapshot-packed": [9, 100] }),
    size({ pg_dump: [2], "pg_dump -Fc": [6], snapshot: [7, 119], "snapshot-packed": [6.6, 130] }),
  ],
  parts: {},
  peers: [
    { megabytes: 30.4, programs: { copycat: { rowsPerSecond: 10, timesFaster: 9 } } },
    { megabytes: 91, programs: { copycat: { rowsPerSecond: 10, timesFaster: 12 } } },
  ],
});

describe("the bounds of a scrub", () => {
  it("stand beside what the larger database took, each with whether it holds", () => {
    assert.deepEqual(boundLines(document(1)), [
      "✓ snapshot, stored as it is: 3.50 times pg_dump; at most 3.5",
      "✗ snapshot, packed: 1.10 times pg_dump -Fc; at most 1",
      "✓ memory, stored as it is: 1.19 times that of a tenth; at most 1.2",
      "✗ memory, packed: 1.30 times that of a tenth; at most 1.2",
      "✗ rows in a second of 30 MB, to copycat: 9.00 times; at least 10",
      "✓ rows in a second of 91 MB, to copycat: 12.00 times; at least 10",
    ]);
  });

  it("say when the machine was not free", () => {
    assert.match(boundLines(document(9)).at(-1) ?? "", /processors that are free.*load of 9\.0/);
  });
});
