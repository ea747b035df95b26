import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suspicionsOf } from "../../../core/scrub/detect";
import { ssnOf } from "../../../examples/drought-benefit/database/people";
import { type Size, tablesOf } from "../../../examples/drought-benefit/database/rows";
import { LEAK_SHAPES, plantLeaks } from "../../support/leakCorpus";

function digestOf(size: Size): string {
  const hash = createHash("sha256");
  for (const table of tablesOf(size))
    for (let index = 0; index < table.count; index++) hash.update(JSON.stringify(table.row(index)));
  return hash.digest("hex");
}

describe("the rows of the example's database", () => {
  it("are the same for the same seed, and others for another", () => {
    assert.equal(digestOf({ people: 50 }), digestOf({ people: 50 }));
    assert.notEqual(digestOf({ people: 50 }), digestOf({ people: 50, seed: 2 }));
  });

  it("do not depend on which was asked for first", () => {
    const [people] = tablesOf({ people: 50 });
    const [again] = tablesOf({ people: 50 });
    assert.ok(people && again);
    const last = people.row(49);
    for (let index = 0; index < 50; index++) again.row(index);
    assert.deepEqual(again.row(49), last);
  });

  it("have a number of their own for each person, of the shape of issued ones", () => {
    const numbers = new Set(Array.from({ length: 5000 }, (_, index) => ssnOf(index, 7)));
    assert.equal(numbers.size, 5000);
    for (const number of numbers) assert.match(number, /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/);
  });

  it("are enough alike that a snapshot of 1,000 people may ship", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const [people] = tablesOf({ people: 1000, seed });
      assert.ok(people);
      const groups = new Map<string, number>();
      for (let index = 0; index < people.count; index++) {
        const row = people.row(index);
        const [born, sex] = [row[people.columns.indexOf("born")] ?? "", row[people.columns.indexOf("sex")] ?? ""];
        const group = `${born < "1937" ? "old" : born.slice(0, 4)} ${sex}`;
        groups.set(group, (groups.get(group) ?? 0) + 1);
      }
      assert.ok(Math.min(...groups.values()) >= 5, `${seed}: ${Math.min(...groups.values())}`);
    }
  });

  it("have one note as long as asked for", () => {
    const notes = tablesOf({ people: 4, longestNote: 100_000 }).find(({ table }) => table === "benefit.notes");
    assert.ok(notes);
    const length = (index: number) => Buffer.byteLength(notes.row(index)[3] ?? "");
    assert.ok(length(0) >= 100_000 && length(1) < 20_000);
  });
});

describe("the leak corpus", () => {
  const leaks = plantLeaks(11);

  it("has at least 200 items, all shapes, no two alike, the same for the same seed", () => {
    assert.ok(leaks.length >= 200, String(leaks.length));
    assert.equal(new Set(leaks.map(({ text }) => text)).size, leaks.length);
    assert.deepEqual(new Set(leaks.map(({ shape }) => shape)), new Set(LEAK_SHAPES));
    assert.deepEqual(plantLeaks(11), leaks);
    assert.notDeepEqual(plantLeaks(12), leaks);
  });

  it("makes a column suspicious that has nothing else, whatever the spelling", () => {
    const column = (shape: string) => leaks.filter((leak) => leak.shape === shape).map(({ text }) => text);
    for (const shape of ["ssn", "card", "phone", "email"] as const) {
      const found = suspicionsOf(column(shape)).find(({ kind }) => kind === shape);
      assert.ok(found !== undefined && found.share > 0.5, `${shape}: ${found?.share}`);
    }
  });
});
