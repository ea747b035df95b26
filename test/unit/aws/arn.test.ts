import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  arnOf,
  bucketArn,
  dnsSuffixOf,
  iamArn,
  parseArn,
  PARTITIONS,
  partitionOf,
  rootArn,
} from "../../../core/aws/arn";
import { projectRoot } from "../../../platform/home";

describe("an ARN", () => {
  it("is the same after it was written and read", () => {
    const parts = fc.record(
      {
        partition: fc.constantFrom(...PARTITIONS),
        service: fc.constantFrom("iam", "s3", "kms", "ecr", "logs"),
        region: fc.constantFrom("", "us-gov-west-1", "us-east-1"),
        account: fc.constantFrom("", "aws", "111111111111"),
        resource: fc.stringMatching(/^[\w/:*.-]{1,40}$/),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(parts, (arn) => {
        assert.deepEqual(parseArn(arnOf(arn)), arn);
      }),
    );
  });

  const TEXTS: readonly (readonly [string, string | undefined])[] = [
    ["arn:aws-us-gov:iam::111111111111:role/hms-deploy", "111111111111"],
    ["arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess", "aws"],
    ["arn:aws:s3:::a-bucket/a:key", ""],
    ["arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/hms/usda:*", "111111111111"],
    ["arn:azure:iam::111111111111:role/x", undefined],
    ["arn:aws:iam::11111111111:role/x", undefined],
    ["arn:aws:iam::111111111111:", undefined],
    ["arn:aws:iam::111111111111:role/x y", undefined],
    ["111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/web", undefined],
  ];
  for (const [text, account] of TEXTS)
    it(`${text} is ${account === undefined ? "none" : `of "${account}"`}`, () => {
      assert.equal(parseArn(text)?.account, account);
    });

  it("of IAM and S3 has no region, and of S3 no account", () => {
    assert.equal(iamArn("aws-us-gov", "111111111111", "role/x"), "arn:aws-us-gov:iam::111111111111:role/x");
    assert.equal(rootArn("aws", "222222222222"), "arn:aws:iam::222222222222:root");
    assert.equal(bucketArn("aws-us-gov", "b"), "arn:aws-us-gov:s3:::b");
    assert.equal(bucketArn("aws-us-gov", "b", "*"), "arn:aws-us-gov:s3:::b/*");
  });
});

describe("a region", () => {
  for (const [region, partition] of [
    ["us-gov-west-1", "aws-us-gov"],
    ["us-gov-east-1", "aws-us-gov"],
    ["us-east-1", "aws"],
    ["eu-central-1", "aws"],
    ["cn-north-1", "aws-cn"],
  ] as const)
    it(`${region} is in ${partition}`, () => {
      assert.equal(partitionOf(region), partition);
      assert.equal(dnsSuffixOf(partition), partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com");
    });
});

describe("the program", () => {
  it("writes no ARN by hand: core/aws joins and takes apart all of them", () => {
    const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
      cwd: projectRoot(),
      encoding: "utf8",
    });
    const written = sources
      .split("\n")
      .filter((file) => file !== "" && !/^(test|core\/aws)\//.test(file))
      .filter((file) => /\barn:/.test(withoutKeys(readFileSync(join(projectRoot(), file), "utf8"))));
    assert.deepEqual(written, []);
  });
});

/** `arn: string` and `{ arn: x }` are a name; `"arn:…` and `arn:aws` are an ARN. */
const withoutKeys = (source: string): string => source.replace(/\barn: /g, "");
