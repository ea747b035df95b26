import assert from "node:assert/strict";
import { secondsLeft, StageProgress, type TakeProgress } from "../../../provider/snapshot/takeProgress";

/** What a stage told. */
function told(work: (stage: StageProgress) => void, bytesInAll?: number): readonly TakeProgress[] {
  const all: TakeProgress[] = [];
  work(new StageProgress((progress) => all.push(progress), "masking", bytesInAll));
  return all;
}

describe("how far a snapshot is", () => {
  it("is what has moved, and how much of it is done by the parts that ended", () => {
    const [begun, moved, next] = told((stage) => {
      stage.begin({ table: "public.people", number: 1, of: 4 }, 0);
      stage.moved(10, 1000);
      stage.begin({ table: "public.people", number: 2, of: 4 }, 1);
    });
    const part = { table: "public.people", number: 1, of: 4 };
    assert.deepEqual(begun, { stage: "masking", part, share: 0, rows: 0, bytes: 0 });
    assert.deepEqual(moved, { stage: "masking", part, share: 0, rows: 10, bytes: 1000 });
    assert.deepEqual(next, { stage: "masking", part: { ...part, number: 2 }, share: 0.25, rows: 10, bytes: 1000 });
  });

  it("is a share of all bytes where these are known, and never more than all", () => {
    const work = (stage: StageProgress): void => {
      stage.moved(0, 300);
      stage.moved(0, 300);
    };
    assert.deepEqual(
      told(work, 400).map(({ share }) => share),
      [0.75, 1],
    );
    for (const unknown of [undefined, 0])
      assert.deepEqual(
        told(work, unknown).map(({ share }) => share),
        [undefined, undefined],
      );
  });

  for (const [share, seconds, left] of [
    [undefined, 10, undefined],
    [0.04, 10, undefined],
    [0.25, 10, 30],
    [0.5, 10, 10],
    [1, 10, 0],
  ] as const)
    it(`after ${seconds} s with ${share ?? "no share"} done leaves ${left ?? "nobody knows how many"}`, () => {
      const progress = { stage: "masking" as const, rows: 0, bytes: 0, ...(share === undefined ? {} : { share }) };
      assert.equal(secondsLeft(progress, seconds), left);
    });
});
