import assert from "node:assert/strict";
import { deployTrust, policyText } from "../../../core/account/documents";
import { iamArn, rootArn } from "../../../core/aws/arn";
import { trusts, type Asker } from "../../../core/aws/trust";

const OURS = "123456789012";
const asker: Asker = {
  ...{ arn: iamArn("aws-us-gov", OURS, "user/ana"), account: OURS, partition: "aws-us-gov" },
  ...{ externalId: "hms-usda", tags: { "hms:scope": "policy:deploy" } },
};
const deploy = (...trusted: readonly string[]) => policyText(deployTrust(trusted, "hms-usda"));
const session = `arn:aws-us-gov:sts::${OURS}:assumed-role/pipeline/run-7`;
const denied = JSON.stringify({
  Statement: [
    { Effect: "Allow", Principal: "*", Action: "sts:*" },
    { Effect: "Deny", Principal: { AWS: rootArn("aws-us-gov", OURS) }, Action: "*" },
  ],
});

const CASES: readonly (readonly [string, string, Partial<Asker>, boolean])[] = [
  ["its account", deploy(rootArn("aws-us-gov", OURS)), {}, true],
  ["itself", deploy(asker.arn), {}, true],
  ["one of several", deploy(rootArn("aws-us-gov", "999999999999"), OURS), {}, true],
  ["the role whose session it is", deploy(iamArn("aws-us-gov", OURS, "role/ci/pipeline")), { arn: session }, true],
  ["another role", deploy(iamArn("aws-us-gov", OURS, "role/other")), { arn: session }, false],
  [
    "the same role of another account",
    deploy(iamArn("aws-us-gov", "999999999999", "role/pipeline")),
    { arn: session },
    false,
  ],
  ["another account", deploy(rootArn("aws-us-gov", "999999999999")), {}, false],
  ["its account, with another external id", deploy(OURS), { externalId: "hms-epa" }, false],
  ["its account, without an external id", deploy(OURS), { externalId: undefined }, false],
  ["its account, for another purpose", deploy(OURS), { tags: { "hms:scope": "policy:read" } }, false],
  [
    "a service",
    JSON.stringify({
      Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
    }),
    {},
    false,
  ],
  ["everybody, but not its account", denied, {}, false],
  ["nobody", JSON.stringify({ Statement: [] }), {}, false],
];

describe("a role", () => {
  for (const [whom, document, change, expected] of CASES)
    it(`that trusts ${whom} ${expected ? "lets it in" : "does not let it in"}`, () => {
      assert.equal(trusts(document, { ...asker, ...change }), expected);
    });
});
