import assert from "node:assert/strict";
import fc from "fast-check";
import { GroupCounts, groupMemory, type GroupReader, kLines, type QuasiSet } from "../../../core/scrub/kAnonymity";

const KEY = Buffer.alloc(8, 5);
const SET: QuasiSet = { schema: "public", table: "people", columns: ["zip", "born"] };
const TABLE = { schema: "public", table: "people", columns: ["id", "zip", "name", "born"] };

type Row = readonly [zip: string, born: string];
const copyOf = (rows: readonly Row[]): Buffer =>
  Buffer.from(rows.map(([zip, born], id) => `${id}\t${zip}\tlorem\t${born}\n`).join(""));

/** Gives a reader all rows of a text, fields in pieces where chunks of `size` bytes cut them. */
function give(reader: GroupReader, text: Buffer, columns: number, size = 1 << 20): void {
  let [start, column] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const isEnd = text[at] === 9 || text[at] === 10;
    if (!isEnd && (at + 1) % size !== 0) continue;
    if (reader.wants(column)) reader.piece(text, start, isEnd ? at : at + 1);
    start = at + 1;
    if (!isEnd) continue;
    if (reader.wants(column)) reader.endField(column);
    if (column === columns - 1) reader.endRow();
    column = (column + 1) % columns;
  }
}

function resultOf(rows: readonly Row[], set: QuasiSet = SET, chunk = 1 << 20) {
  const counts = new GroupCounts(set, KEY, groupMemory(1000));
  give(counts.reader(TABLE), copyOf(rows), TABLE.columns.length, chunk);
  return counts.result();
}

const times = (count: number, row: Row): readonly Row[] => Array.from({ length: count }, () => row);

describe("k of a set of quasi-identifiers", () => {
  it("is the size of the smallest group, and lists sizes of those that are too small, never their values", () => {
    const rows = [
      ...times(7, ["627", "1980"]),
      ...times(2, ["627", "1981"]),
      ...times(2, ["628", "1980"]),
      ...times(4, ["629", "\\N"]),
    ];
    const result = resultOf(rows);
    assert.deepEqual(result, {
      table: "public.people",
      columns: ["zip", "born"],
      required: 5,
      k: 2,
      rows: 15,
      groups: 4,
      tooSmall: [
        { size: 2, groups: 2 },
        { size: 4, groups: 1 },
      ],
      verdict: "fail",
    });
    assert.deepEqual(kLines([result]), [
      "public.people (zip, born): smallest group 2, 5 needed; groups too small: 2 of 2, 1 of 4",
    ]);
  });

  it("passes at k, fails below it, and passes without rows", () => {
    assert.equal(resultOf(times(5, ["627", "1980"])).verdict, "pass");
    assert.equal(resultOf(times(4, ["627", "1980"])).verdict, "fail");
    assert.equal(resultOf(times(4, ["627", "1980"]), { ...SET, k: 4 }).verdict, "pass");
    assert.deepEqual(resultOf([]).k, null);
    assert.equal(resultOf([]).verdict, "pass");
    assert.deepEqual(kLines([resultOf([])]), []);
  });

  it("is what counting by values says, in any chunks", () => {
    const row = fc.tuple(fc.constantFrom("627", "62", "", "\\N", "é"), fc.constantFrom("1980", "80", "71980", "\\N"));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (rows, chunk) => {
        const groups = new Map<string, number>();
        for (const each of rows) groups.set(each.join("\t"), (groups.get(each.join("\t")) ?? 0) + 1);
        const result = resultOf(rows, SET, chunk);
        assert.deepEqual([result.groups, result.rows], [groups.size, rows.length]);
        assert.equal(result.k, rows.length === 0 ? null : Math.min(...groups.values()));
      }),
    );
  });

  it("counts partitions together, whatever order their columns have", () => {
    const counts = new GroupCounts(SET, KEY, groupMemory(1000));
    const [one, other] = [
      { schema: "public", table: "people_1", columns: ["zip", "born"] },
      { schema: "public", table: "people_2", columns: ["born", "zip"] },
    ];
    give(counts.reader(one), Buffer.from("627\t1980\n"), 2);
    give(counts.reader(other), Buffer.from("1980\t627\n627\t1980\n"), 2);
    assert.deepEqual([counts.result().groups, counts.result().rows], [2, 3]);
  });

  it("adds up what several workers counted", () => {
    const memory = groupMemory(1000);
    const [one, other] = [new GroupCounts(SET, KEY, memory), new GroupCounts(SET, KEY, memory)];
    give(one.reader(TABLE), copyOf([...times(3, ["627", "1980"]), ...times(1, ["628", "1980"])]), 4);
    give(other.reader(TABLE), copyOf([...times(2, ["627", "1980"]), ...times(9, ["629", "1980"])]), 4);
    other.flush();
    const { k, rows, groups } = one.result();
    assert.deepEqual({ k, rows, groups }, { k: 1, rows: 15, groups: 3 });
  });

  it("tells values apart that are longer than what is read at once", () => {
    const long = "x".repeat(5000);
    assert.equal(
      resultOf([
        [`${long}1`, "a"],
        [`${long}2`, "a"],
        [long, "1a"],
        [`${long}1`, "a"],
      ]).groups,
      3,
    );
  });

  it("refuses a column that is not there, and more groups than it has room for", () => {
    const counts = new GroupCounts({ ...SET, columns: ["zip", "sex"] }, KEY);
    assert.throws(() => counts.reader(TABLE), { code: "rules-invalid", message: /sex/ });
    const small = new GroupCounts(SET, KEY, groupMemory(16));
    const many = copyOf(Array.from({ length: 1000 }, (_, at): Row => [String(at), "1980"]));
    assert.throws(
      () => {
        give(small.reader(TABLE), many, 4);
        small.result();
      },
      { code: "groups-full", message: /public\.people, zip, born/ },
    );
  });
});
