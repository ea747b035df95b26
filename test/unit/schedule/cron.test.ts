import assert from "node:assert/strict";
import { cronProblem } from "../../../core/schedule/cron";

describe("a cron line", () => {
  for (const line of [
    "0 3 * * *",
    "*/10 * * * *",
    "5,35 1-5/2 1 jan-MAR mon-fri",
    " 0  0 31 12 7 ",
    "59 23 * * sun,Wed",
  ])
    it(`may be ${line}`, () => {
      assert.equal(cronProblem(line), undefined);
    });

  const wrong: readonly (readonly [string, string])[] = [
    ["", "it has 0 fields"],
    ["@daily", "it has 1 fields"],
    ["0 3 * *", "it has 4 fields"],
    ["0 0 3 * * *", "it has 6 fields"],
    ["60 3 * * *", '"60" is no minute'],
    ["0 24 * * *", '"24" is no hour'],
    ["0 3 0 * *", '"0" is no day of the month'],
    ["0 3 * 13 *", '"13" is no month'],
    ["0 3 * * 8", '"8" is no day of the week'],
    ["0 3 * * fr", '"fr" is no day of the week'],
    ["5-1 3 * * *", '"5-1" is no minute'],
    ["*/0 3 * * *", '"*/0" is no minute'],
    ["1-2-3 3 * * *", '"1-2-3" is no minute'],
    ["1,,2 3 * * *", '"1,,2" is no minute'],
    ["1/2/3 3 * * *", '"1/2/3" is no minute'],
    ["-1 3 * * *", '"-1" is no minute'],
    ["0 3 L * *", '"L" is no day of the month'],
  ];
  for (const [line, problem] of wrong)
    it(`is not ${JSON.stringify(line)}`, () => {
      assert.equal(cronProblem(line), problem);
    });
});
