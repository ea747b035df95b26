import assert from "node:assert/strict";
import fc from "fast-check";
import { stepsOf, withoutNewSettings } from "../../../core/postgres/definitions";
import { statementsOf } from "../../../core/postgres/statements";

/** Statements in which a semicolon ends nothing. */
const WHOLE: readonly string[] = [
  "SET x = 1",
  "COMMENT ON TABLE a IS 'it''s; one'",
  "COMMENT ON TABLE a IS E'one \\'; still \\\\'",
  "COMMENT ON COLUMN a.type IS '\\'",
  'CREATE INDEX "a;""b" ON t USING btree (x)',
  "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ select 1; $a$ ; $$",
  "CREATE FUNCTION f(a$b text) RETURNS text LANGUAGE sql AS $_x$ select ';'; $$ $_x$",
  "CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
  "CREATE OR REPLACE PROCEDURE f()\n    LANGUAGE sql\n    BEGIN ATOMIC\n INSERT INTO t VALUES (1);\nEND",
  "CREATE RULE r AS ON INSERT TO t DO INSTEAD ( SELECT 1; SELECT 2; )",
  "CREATE VIEW v AS SELECT 1 AS \"begin\", CASE WHEN a THEN 'x;' END FROM t /* ; /* ' */ ; */",
  "SELECT 1 -- a comment; with 'one\n + 1",
];
const BETWEEN = [";", ";\n\n--\n-- Name: x; Type: 'INDEX\n--\n\n", "; /* a; ' */ ", ";;\n"];

describe("the statements of a script", () => {
  it("are found whatever they hold, in their order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...WHOLE), fc.constantFrom(...BETWEEN))),
        fc.constantFrom(...WHOLE),
        (parts, last) => {
          const script = parts.map(([statement, between]) => `${statement}${between}`).join("") + last;
          assert.deepEqual(statementsOf(script), [...parts.map(([statement]) => statement), last]);
        },
      ),
    );
  });

  it("are none in a text of comments, and end with the text where a quote is left open", () => {
    for (const none of ["", "\n-- a; b\n", "/* ; ", " ; ; "]) assert.deepEqual(statementsOf(none), []);
    for (const open of ["SELECT 'a; b", "SELECT E'a\\'; b", 'SELECT "a; b', "SELECT $a$ ; $b$", "(; "])
      assert.deepEqual(statementsOf(open), [open.trim()]);
  });
});

describe("the steps in which definitions are made", () => {
  it("put neighbours of one kind together, and keep the order else", () => {
    const script = `
      SET row_security = off;
      SELECT pg_catalog.set_config('search_path', '', false);
      ALTER TABLE ONLY "Case; files"."a ""b"""
          ADD CONSTRAINT "k y" PRIMARY KEY (id);
      CREATE UNIQUE INDEX i ON b.t USING btree (x);
      CREATE INDEX j ON b.t USING btree (x);
      ALTER INDEX b.i ATTACH PARTITION b.i_1;
      CREATE INDEX k ON b.t USING btree (x);
      ALTER TABLE b.t CLUSTER ON k;
      ALTER TABLE ONLY b.t ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b.u(id);
      ALTER TABLE b.größe
          ADD CONSTRAINT g FOREIGN KEY (x) REFERENCES b.u(id) NOT VALID;
      ALTER TABLE b.t ADD CONSTRAINT c CHECK ((x <> 'FOREIGN KEY'::text)) NOT VALID;
      REFRESH MATERIALIZED VIEW b.v;`;
    assert.deepEqual(
      stepsOf(script).map(({ kind, statements }) => [kind, statements.length]),
      [
        ["session", 2],
        ["indexes", 3],
        ["other", 1],
        ["indexes", 1],
        ["other", 1],
        ["foreign keys", 2],
        ["other", 2],
      ],
    );
  });

  it("leave out what only newer servers know, where pg_dump writes it", () => {
    const head = "SET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n";
    assert.equal(withoutNewSettings(head), "SET lock_timeout = 0;\n\nSET client_encoding = 'UTF8';\n");
  });
});
