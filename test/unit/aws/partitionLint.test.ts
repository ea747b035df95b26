import assert from "node:assert/strict";
import fc from "fast-check";
import { arnOf } from "../../../core/aws/arn";
import { foreignAccounts, foreignArns } from "../../../core/aws/partitionLint";

const GOV = "arn:aws-us-gov:iam::111111111111:role/x";
const COMMERCIAL = "arn:aws:iam::111111111111:role/x";

describe("the partition lint", () => {
  it("finds an ARN of another partition as a value, a key, in a text, and in JSON inside of a text", () => {
    const document = {
      value: COMMERCIAL,
      list: [GOV, COMMERCIAL],
      [`${COMMERCIAL}/key`]: true,
      text: `see ${COMMERCIAL} and ${GOV}.`,
      policy: JSON.stringify({ Statement: [{ Resource: [COMMERCIAL] }] }),
    };
    assert.deepEqual(
      foreignArns(document, "aws-us-gov").map(({ path }) => path.join("/")),
      ["value", "list/1", `${COMMERCIAL}/key`, "text", "policy/(json)/Statement/0/Resource/0"],
    );
    const [first] = foreignArns(document, "aws-us-gov");
    assert.deepEqual(first, {
      path: ["value"],
      arn: COMMERCIAL,
      reason: "it is of the partition aws, and this is aws-us-gov",
    });
  });

  it("does the same the other way round", () => {
    assert.deepEqual(
      foreignArns([GOV, COMMERCIAL], "aws").map(({ arn }) => arn),
      [GOV],
    );
  });

  it("lets wildcards and variables in the partition's place be", () => {
    assert.deepEqual(foreignArns(["arn:*:s3:::b", "arn:${partition}:s3:::b", "learn: aws"], "aws-us-gov"), []);
  });

  it("finds one however deep it lies", () => {
    const wrap = fc.constantFrom(
      (inner: unknown): unknown => ({ a: inner }),
      (inner: unknown): unknown => [1, inner],
      (inner: unknown): unknown => JSON.stringify({ inner }),
    );
    fc.assert(
      fc.property(fc.array(wrap, { maxLength: 8 }), (wraps) => {
        const document = wraps.reduce((inner: unknown, one) => one(inner), COMMERCIAL);
        assert.equal(foreignArns(document, "aws-us-gov").length, 1);
        assert.equal(foreignArns(document, "aws").length, 0);
      }),
    );
  });

  it("tells the ARN alone, never what stands beside it", () => {
    const [finding] = foreignArns({ note: `password hunter2 of ${COMMERCIAL}, keep it` }, "aws-us-gov");
    assert.ok(finding && !JSON.stringify(finding).includes("hunter2"));
  });

  it("stands a document that holds itself", () => {
    const document: Record<string, unknown> = { arn: COMMERCIAL };
    document.self = document;
    assert.equal(foreignArns(document, "aws-us-gov").length, 1);
  });

  it("finds ARNs of accounts that nobody registered", () => {
    const own = arnOf({
      partition: "aws-us-gov",
      service: "kms",
      region: "us-gov-west-1",
      account: "222222222222",
      resource: "key/x",
    });
    const found = foreignAccounts(
      [own, GOV, "arn:aws-us-gov:iam::aws:policy/x", "arn:aws-us-gov:s3:::b"],
      ["111111111111"],
    );
    assert.deepEqual(found, [
      { path: [0], arn: own, reason: "it is of the account 222222222222; known here: 111111111111" },
    ]);
  });
});
