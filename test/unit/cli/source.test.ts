import { strict as assert } from "node:assert";
import { UsageError } from "../../../cli/command";
import { sourceOf } from "../../../cli/source";

describe("where a snapshot is taken from", () => {
  const cases = [
    [undefined, {}],
    ["postgresql://db/benefits", { host: "db", database: "benefits" }],
    ["postgres://ann%40gov@db:5433", { host: "db", port: 5433, user: "ann@gov" }],
    ["postgresql:///benefits", { database: "benefits" }],
  ] as const;
  for (const [from, wanted] of cases)
    it(`is ${from ?? "what libpq's variables say"}`, () => {
      assert.deepEqual(sourceOf(from), wanted);
    });

  const refused = [
    ["what is no URL", "db:5432/benefits?", /what is no URL|a URL of db:/],
    ["another protocol", "mysql://db/benefits", /a URL of mysql:/],
    ["a password, which it does not print", "postgresql://ann:s3cret@db/benefits", /a password in the URL/],
  ] as const;
  for (const [what, from, why] of refused)
    it(`is never ${what}`, () => {
      assert.throws(
        () => sourceOf(from),
        (error) => error instanceof UsageError && why.test(error.message) && !error.message.includes("s3cret"),
      );
    });
});
