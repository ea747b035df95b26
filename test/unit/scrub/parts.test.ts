import { strict as assert } from "node:assert";
import fc from "fast-check";
import { copyStatement, PAGES_IN_PART, partsOf } from "../../../core/scrub/parts";
import type { PlannedTable } from "../../../core/scrub/plan";

const table: PlannedTable = {
  schema: "benefit",
  table: 'odd "name"',
  columns: [
    { schema: "benefit", table: "t", column: "id", expression: '"id"', action: { kind: "keep" } },
    { schema: "benefit", table: "t", column: "note", expression: "NULL::text", action: { kind: "keep" } },
  ],
};

describe("the parts of a table", () => {
  it("meet without a gap, whatever its size, and the last has no end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * PAGES_IN_PART }), (pages) => {
        const parts = partsOf(table, pages);
        assert.deepEqual(
          parts.map(({ number }) => number),
          parts.map((_, index) => index + 1),
        );
        assert.equal(parts[0]?.fromPage, 0);
        for (const [index, { toPage }] of parts.entries()) assert.equal(toPage, parts[index + 1]?.fromPage ?? null);
        assert.ok((parts.at(-1)?.fromPage ?? 0) <= pages);
      }),
    );
  });

  it("are read by pages, from the table alone and none that inherits from it", () => {
    const [first, last] = partsOf(table, PAGES_IN_PART + 1).map(copyStatement);
    assert.equal(
      first,
      `COPY (SELECT "id", NULL::text FROM ONLY "benefit"."odd ""name""" WHERE ctid >= '(0,0)'::tid AND ctid < '(2048,0)'::tid) TO STDOUT`,
    );
    assert.equal(
      last,
      `COPY (SELECT "id", NULL::text FROM ONLY "benefit"."odd ""name""" WHERE ctid >= '(2048,0)'::tid) TO STDOUT`,
    );
  });
});
