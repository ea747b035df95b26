import assert from "node:assert/strict";
import fc from "fast-check";
import { meansFor } from "../../../core/scrub/means";
import { DigestFilter, filterMemory } from "../../../core/scrub/scan/filter";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const machine = { processors: 16, memory: 64 * GIB };
/** As a pod has it by default. */
const pod = { processors: 64, memory: GIB };

const CASES = [
  { of: "next to nothing", source: 0, on: machine, threads: 1, known: 64 * MIB },
  { of: "30 MB", source: 30e6, on: machine, threads: 4, known: 64 * MIB },
  { of: "2 GiB", source: 2 * GIB, on: machine, threads: 8, known: 64 * MIB },
  { of: "10 GiB", source: 10 * GIB, on: machine, threads: 8, known: 320 * MIB },
  { of: "10 GiB in a small pod", source: 10 * GIB, on: pod, threads: 4, known: 256 * MIB },
  { of: "10 GiB on one processor", source: 10 * GIB, on: { ...machine, processors: 1 }, threads: 1, known: 320 * MIB },
  { of: "1 TiB", source: 1024 * GIB, on: machine, threads: 8, known: 2 * GIB },
  {
    of: "10 GiB in hardly any memory",
    source: 10 * GIB,
    on: { ...pod, memory: 64 * MIB },
    threads: 1,
    known: 64 * MIB,
  },
];

/** Numbers in a row, spread over all there are: the last steps of MurmurHash3. */
function digest(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

describe("what a snapshot takes of its machine", () => {
  for (const { of, source, on, threads, known } of CASES)
    it(`for ${of}: ${threads} threads, ${known / MIB} MiB for known values`, () => {
      assert.deepEqual(meansFor(source, on), { threads, knownBytes: known });
    });

  for (const gib of [0.5, 0.75, 1, 2, 4])
    it(`fits into ${gib} GiB, whatever there is to read`, () => {
      const { threads, knownBytes } = meansFor(2 ** 45, { processors: 64, memory: gib * GIB });
      // An eighth more of the set for a first look, and 200 MiB for the program itself.
      assert.ok(threads * 96 * MIB + knownBytes * 1.125 + 200 * MIB <= gib * GIB);
    });

  it("is never less for more of the source, nor for more memory", () => {
    const bytes = fc.integer({ min: 0, max: 2 ** 43 });
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 1, max: 2 ** 38 }), (one, other, memory) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        const on = { processors: 8, memory };
        for (const [small, large] of [
          [meansFor(less, on), meansFor(more, on)],
          [meansFor(less, on), meansFor(less, { ...on, memory: memory * 2 })],
        ] as const) {
          assert.ok(small.threads <= large.threads);
          assert.ok(small.knownBytes <= large.knownBytes);
        }
      }),
    );
  });

  it("leaves room for a digest in a hundred bytes, so that a tenth of what counts as full is suspected by mistake", () => {
    const share = (meansFor(64 * GIB, machine).knownBytes - meansFor(32 * GIB, machine).knownBytes) / (32 * GIB);
    const source = 2 ** 29;
    const filter = new DigestFilter(filterMemory(source * share));
    for (let count = 0; count < source / 100; count++) filter.add(digest(2 * count), digest(2 * count + 1));
    assert.ok(filter.falsePositiveRate() < 1e-4, String(filter.falsePositiveRate()));
  });
});
