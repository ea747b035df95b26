import assert from "node:assert/strict";
import fc from "fast-check";
import { same } from "../../../platform/plugins/aws/compare";
import { answerOf, POLICY, text } from "../../../platform/plugins/aws/kind";
import { isAutonamed, named } from "../../../platform/plugins/aws/naming";
import { inWords } from "../../../platform/plugins/aws/services";
import { parseSettings } from "../../../platform/plugins/aws/settings";
import { fromService, strangersIn, toService, type Shape } from "../../../platform/plugins/aws/shape";
import { secret, UNKNOWN } from "../../../platform/rpc";

const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (more: object) => ({ Effect: "Allow", ...more });

describe("two values of the aws stand-in", () => {
  const one = policy(allow({ Action: ["s3:Get*", "s3:Put*"], Resource: "*", Principal: { AWS: ["a", "b"] } }));
  for (const [what, a, b, equal] of [
    ["key order", '{"Version":"1","Statement":[]}', '{"Statement":[],"Version":"1"}', true],
    ["white space", policy(allow({})), JSON.stringify(JSON.parse(policy(allow({}))), null, 4), true],
    ["one without its list", policy(allow({ Action: "x" })), policy(allow({ Action: ["x"] })), true],
    [
      "order of actions",
      one,
      policy(allow({ Action: ["s3:Put*", "s3:Get*"], Resource: ["*"], Principal: { AWS: ["b", "a"] } })),
      true,
    ],
    [
      "a statement without its list",
      policy(allow({})),
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow"}}',
      true,
    ],
    [
      "a condition's truth as text",
      policy(allow({ Condition: { Bool: { x: true } } })),
      policy(allow({ Condition: { Bool: { x: "true" } } })),
      true,
    ],
    [
      "another action",
      one,
      policy(allow({ Action: ["s3:Get*"], Resource: "*", Principal: { AWS: ["a", "b"] } })),
      false,
    ],
    ["another effect", policy(allow({})), policy({ Effect: "Deny" }), false],
    ["a statement more", policy(allow({})), policy(allow({}), allow({ Sid: "x" })), false],
    ["a condition less", policy(allow({ Condition: { Bool: { x: "true" } } })), policy(allow({})), false],
  ] as const)
    it(`${equal ? "are the same policy" : "are two policies"}: ${what}`, () => {
      assert.equal(same(a, b, POLICY), equal);
      assert.equal(same(b, a, POLICY), equal);
    });

  it("are the same policy in any order of actions and resources", () => {
    const words = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(words, words, fc.integer(), (actions, resources, seed) => {
        const mixed = (list: string[]) =>
          [...list].sort((x, y) => ((x + String(seed)).length % 3) - ((y + "a").length % 2));
        const a = policy(allow({ Action: actions, Resource: resources }));
        const b = policy(allow({ Resource: mixed(resources).reverse(), Action: mixed(actions) }));
        assert.ok(same(a, b, POLICY));
        assert.ok(
          !same(a, policy(allow({ Action: [...actions, "one more than there were"], Resource: resources })), POLICY),
        );
      }),
    );
  });

  it("differ by order in a document whose order counts", () => {
    assert.ok(!same('{"rules":[1,2]}', '{"rules":[2,1]}', { document: "json" }));
    assert.ok(same('{"a":1,"b":2}', '{ "b": 2, "a": 1 }', { document: "json" }));
  });

  it("are never the same where one is not known yet", () => {
    assert.ok(!same(UNKNOWN, UNKNOWN, undefined));
  });
});

describe("nested values", () => {
  const shape: Shape = { status: "Status", rules: ["Rules", { maxAge: "MaxAgeInDays" }] };

  it("cross to a service and back", () => {
    const plain = { noNullPrototype: true };
    const value = fc.record(
      { status: fc.string(), rules: fc.array(fc.record({ maxAge: fc.integer() }, plain)) },
      plain,
    );
    fc.assert(
      fc.property(value, (own) => {
        assert.deepEqual(fromService(toService(own, shape), shape), own);
      }),
    );
    assert.deepEqual(toService({ status: "On", rules: [{ maxAge: 1 }] }, shape), {
      Status: "On",
      Rules: [{ MaxAgeInDays: 1 }],
    });
  });

  it("name what is not covered, by path", () => {
    assert.deepEqual(strangersIn({ status: "On", rules: [{ maxAge: 1 }, { minAge: 2 }], more: 1 }, shape), [
      ".rules[1].minAge",
      ".more",
    ]);
  });

  it("are read from an answer by path", () => {
    const answer = answerOf({ a: { b: [{ c: 1 }] } });
    assert.deepEqual([answer("a.b.0.c"), answer("a.b.1.c"), answer("a.x.c")], [1, undefined, undefined]);
  });
});

describe("names that the program leaves out", () => {
  const auto = { property: "name", prefix: "namePrefix", longest: 64 };
  const seed = Buffer.from("seed");

  it("come from the resource's name and chance, the same for the same seed", () => {
    const first = named({}, {}, auto, "role", seed).name;
    assert.match(text(first), /^role-[0-9a-f]{7}$/);
    assert.equal(named({}, {}, auto, "role", seed).name, first);
    assert.notEqual(named({}, {}, auto, "role", Buffer.from("other")).name, first);
  });

  it("stay as they were, until the prefix changes", () => {
    const olds = { name: "p-abc", namePrefix: "p-" };
    assert.equal(named({ namePrefix: "p-" }, olds, auto, "role", seed).name, "p-abc");
    assert.match(text(named({ namePrefix: "q-" }, olds, auto, "role", seed).name), /^q-[0-9a-f]{26}$/);
  });

  it("give way to one that is given", () => {
    assert.equal(named({ name: "mine" }, { name: "old" }, auto, "role", seed).name, "mine");
  });

  it("are told from those of people", () => {
    assert.ok(isAutonamed({ name: "role-0123abc" }, auto, "role"));
    assert.ok(!isAutonamed({ name: "role-manager" }, auto, "role"));
    assert.ok(!isAutonamed({ name: "deploy" }, auto, "role"));
  });
});

describe("the configuration of the aws stand-in", () => {
  it("is read from the JSON texts that the SDK sends", () => {
    const settings = parseSettings({
      region: "us-gov-west-1",
      version: "7.48.0",
      allowedAccountIds: '["111111111111"]',
      assumeRoles: '[{"roleArn":"r","externalId":"e","sessionName":"s","tags":{"a":"b"}}]',
      defaultTags: '{"tags":{"t":"1"}}',
      endpoints: '[{"s3":"http://127.0.0.1:1","iam":"http://127.0.0.1:1"}]',
      s3UsePathStyle: "true",
      skipCredentialsValidation: "false",
      accessKey: secret("a"),
      secretKey: secret("b"),
    });
    assert.deepEqual(settings, {
      region: "us-gov-west-1",
      endpoint: "http://127.0.0.1:1",
      fips: false,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      roles: [{ arn: "r", externalId: "e", sessionName: "s", tags: { a: "b" } }],
      allowedAccountIds: ["111111111111"],
      forbiddenAccountIds: [],
      defaultTags: { t: "1" },
    });
  });

  it("takes the region of the environment, and needs one", () => {
    assert.equal(parseSettings({}, { AWS_REGION: "us-gov-east-1" }).region, "us-gov-east-1");
    assert.throws(() => parseSettings({}, {}), /a region is needed/);
  });

  it("refuses what it does not cover by name, and two endpoints by both", () => {
    assert.throws(
      () => parseSettings({ region: "r", profile: "x", ignoreTags: '{"keys":["k"]}' }, {}),
      /ignoreTags: not covered|profile, ignoreTags/,
    );
    const endpoints = '[{"s3":"http://127.0.0.1:1","iam":"http://127.0.0.1:2"}]';
    assert.throws(() => parseSettings({ region: "r", endpoints }, {}), /127\.0\.0\.1:1 and http:\/\/127\.0\.0\.1:2/);
  });

  it("never tells a key in a refusal", () => {
    const error = (() => {
      try {
        parseSettings({ region: "r", accessKey: secret("AKIA-hushed"), maxRetries: "many" }, {});
      } catch (thrown) {
        return String(thrown);
      }
      return "";
    })();
    assert.match(error, /maxRetries/);
    assert.ok(!error.includes("hushed"));
  });
});

describe("an error of a service", () => {
  const failure = Object.assign(new Error("Value 'hushed-value' is bad"), {
    name: "ValidationException",
    $metadata: {},
  });

  it("is told with its name, and without a secret of the inputs", () => {
    assert.equal(inWords(failure).message, "ValidationException: Value 'hushed-value' is bad");
    assert.equal(
      inWords(failure, { value: secret("hushed-value") }).message,
      "ValidationException: Value '[secret]' is bad",
    );
  });
});
