import assert from "node:assert/strict";
import { plainSql } from "../../../provider/snapshot/schemaDump";

const HEAD = "--\n-- PostgreSQL database dump\n--\n\n";
const BODY =
  "SET x = 1;\n\nCREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$\n\\unrestrict Abc\n\\restrict Abc\n$$;\n\n";

describe("a dump of definitions", () => {
  it("loses the two lines that are for psql alone, and nothing else", () => {
    assert.equal(plainSql(`${HEAD}\\restrict Abc\n\n${BODY}\\unrestrict Abc\n\n`), `${HEAD}\n${BODY.slice(0, -1)}\n`);
  });

  it("stays as it is where they are not there, or not a pair", () => {
    for (const dump of [`${HEAD}${BODY}`, `${HEAD}\\restrict Abc\n${BODY.replaceAll("Abc", "Abd")}`, ""])
      assert.equal(plainSql(dump), dump);
  });

  it("is without the number of each column that newer servers keep for themselves, and keeps real settings", () => {
    const column = 'ALTER TABLE ONLY "a b".t ALTER COLUMN "c ""d""" SET';
    const dump = [
      "CREATE TABLE t (c integer);",
      `${column} (pg_attver=263447352);`,
      `${column} (n_distinct=5);`,
      `${column} (n_distinct=5, pg_attver=263447352);`,
      `${column} (pg_attver=263447352, n_distinct=5);`,
      "-- pg_attver=263447352",
      "",
    ];
    const plain = [dump[0], ...Array.from({ length: 3 }, () => `${column} (n_distinct=5);`), dump[5], ""];
    assert.equal(plainSql(dump.join("\n")), plain.join("\n"));
  });
});
