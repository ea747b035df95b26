import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { framesOf, ScrubError, withoutValues } from "../../../core/scrub/errors";
import { RefusedError } from "../../../platform/errors";

const VALUES = [
  "536-22-8126",
  "536228126",
  "5 3 6 2 2 8 1 2 6",
  "ada@agency.gov",
  "Ada Lovelace",
  "4111111111111111",
  "４１１-22-8126 / 99",
  "12 Elm Street",
  "x\ny",
] as const;

/** All that a crash report, a log line or a JSON logger could show of it. */
const shown = (error: Error): string =>
  [error.message, error.stack, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)].join("\n");

describe("an error of the scrub", () => {
  it("says what it is, where, how many, and what to do", () => {
    const error = new ScrubError(
      "value-unmaskable",
      { schema: "public", table: "claims", column: "note" },
      { row: 12 },
    );
    assert.equal(
      error.message,
      "a value cannot be masked as its tag says: public.claims.note, row 12; give the column a tag that suits what it holds",
    );
    assert.ok(error instanceof RefusedError);
  });

  for (const value of VALUES)
    it(`withholds ${JSON.stringify(value)} where a name should be`, () => {
      const error = new ScrubError("untagged", {
        table: value,
        path: value,
        file: value,
        digest: value,
        names: [value],
      });
      assert.ok(!shown(error).includes(value), error.message);
      assert.match(error.message, /withheld/);
    });

  it("keeps names that databases have", () => {
    for (const table of ["claims_2024_01_01", "household", "claims_20240101", "Anträge", "members.*.name", "t$1"])
      assert.equal(new ScrubError("untagged", { table }).names.table, table);
  });

  it("takes nothing more once it is made", () => {
    const error = new ScrubError("untagged");
    assert.throws(() => Object.assign(error, { message: "536-22-8126" }), TypeError);
    assert.throws(() => Object.assign(error, { detail: "536-22-8126" }), TypeError);
    assert.throws(() => Object.assign(error.names, { table: "536-22-8126" }), TypeError);
  });

  it("takes of a foreign error its code and nothing of its words", () => {
    const foreign = Object.assign(new Error('invalid input syntax: "536-22-8126"'), {
      code: "22P02",
      detail: "Failing row contains (536-22-8126, Ada)",
      where: "COPY people, line 3, column ssn: 536-22-8126",
    });
    const error = withoutValues(foreign, "load-failed", { table: "people" });
    assert.deepEqual(error.names, { kind: "Error", sqlstate: "22P02", table: "people" });
    assert.ok(!shown(error).includes("536-22-8126"));
    assert.equal(withoutValues(Object.assign(new Error("x"), { code: "ENOSPC" })).names.kind, "ENOSPC");
    assert.equal(withoutValues(error), error);
  });

  it("withholds what a parser quotes of a document", () => {
    try {
      JSON.parse("Ada 536-22-8126");
      assert.fail("it was parsed");
    } catch (thrown) {
      assert.ok(String(thrown).includes("536"), "the parser quotes what it read");
      assert.ok(!shown(withoutValues(thrown)).includes("536"));
      assert.ok(framesOf(thrown).every((frame) => frame.startsWith("at ") && !frame.includes("536-22")));
    }
  });

  it("holds no text of any kind that is not a name", () => {
    const hostile = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => !/^[\p{L}_$*][\p{L}\p{N}_$.*:/-]*$/u.test(text));
    fc.assert(
      fc.property(hostile, (text) => {
        const error = new ScrubError("untagged", { table: text });
        assert.equal(error.names.table, "(withheld)");
        assert.deepEqual(withoutValues({ code: text }).names, { kind: "object" });
      }),
    );
  });

  it("keeps frames only, whatever the message looks like", () => {
    const error = new Error("first\n    at Ada Lovelace (/people/536-22-8126:1:1)\nlast");
    assert.ok(framesOf(error).length > 0);
    assert.ok(!framesOf(error).join("\n").includes("Ada"));
    assert.deepEqual(framesOf("no error"), []);
  });
});
