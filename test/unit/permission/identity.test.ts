import assert from "node:assert/strict";
import { principalOf, rolesOfCaller, rolesOfClaims } from "../../../core/permission/identity";

const ACCOUNT = "111111111111";
const role = (name: string) => `arn:aws-us-gov:iam::${ACCOUNT}:role/${name}`;
const session = (name: string, account = ACCOUNT) => `arn:aws-us-gov:sts::${account}:assumed-role/${name}/lee`;

describe("roles of a token's claim", () => {
  const roles = { operators: "Operator", "repo:agency/delivery:environment:prod": "Pipeline" };
  const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
    ["a list of groups", ["staff", "operators"], ["Operator"]],
    ["one text", "repo:agency/delivery:environment:prod", ["Pipeline"]],
    ["a text that only begins alike", "repo:agency/delivery:environment:production", []],
    [
      "several, each once",
      ["operators", "repo:agency/delivery:environment:prod", "operators"],
      ["Operator", "Pipeline"],
    ],
    ["names of JavaScript's own", ["constructor", "__proto__"], []],
    ["something else", { operators: true }, []],
    ["nothing", undefined, []],
  ];
  for (const [what, value, found] of cases)
    it(`${what}: ${found.join(", ") || "none"}`, () => {
      assert.deepEqual(rolesOfClaims({ groups: value }, { claim: "groups", roles }), found);
    });
});

describe("roles of a caller of AWS", () => {
  const roles = {
    [role("delivery/hms-pipeline")]: "Pipeline",
    [`arn:aws-us-gov:iam::${ACCOUNT}:user/lee`]: "Operator",
  };
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [session("hms-pipeline"), ["Pipeline"]],
    [role("hms-pipeline"), ["Pipeline"]],
    [`arn:aws-us-gov:iam::${ACCOUNT}:user/lee`, ["Operator"]],
    [session("hms-pipeline", "222222222222"), []],
    [session("hms-pipeline").replace("aws-us-gov", "aws"), []],
    [session("hms"), []],
    [`arn:aws-us-gov:iam::${ACCOUNT}:root`, []],
    ["", []],
  ];
  for (const [caller, found] of cases)
    it(`${caller || "nobody"}: ${found.join(", ") || "none"}`, () => {
      assert.deepEqual(rolesOfCaller(caller, roles), found);
    });

  it("are none where neither caller nor key is a principal", () => {
    assert.equal(principalOf("arn:aws:s3:::bucket"), undefined);
    assert.deepEqual(rolesOfCaller("arn:aws:s3:::bucket", { "arn:aws:s3:::bucket": "Operator" }), []);
  });
});
