import assert from "node:assert/strict";
import { readStack } from "../../../config/readStack";
import { STACK_VALUES, WEB_BY_IMAGE } from "../../support/stackValues";

type Keys = Readonly<Record<string, unknown>>;

const STACK: Keys = {
  ...STACK_VALUES,
  services: {
    web: WEB_BY_IMAGE,
  },
};
const USDA: Keys = { id: "111111111111", region: "us-gov-west-1", state: "baselined" };

const read = (keys: Keys) =>
  readStack({
    stack: "test",
    values: { ...STACK, ...keys },
    encrypted: [],
    files: { read: () => undefined, absolute: (path) => path },
  });

const withUsda = (change: Keys) => ({ accounts: { usda: { ...USDA, ...change } } });

const REGION =
  "allowed is an AWS region such as us-gov-west-1; write the region that the account's keys, buckets and clusters are in";
const ID =
  'allowed is an account id of 12 digits, in quotes; write it as the organization shows it, for example "123456789012"';
const STATE =
  "allowed is one of requested, paired, invited, baselined, deployable; say how far the account is; only a deployable one gets releases";
const CLUSTER =
  "allowed is a map with exactly one of eks and kubeContext; write { eks: <name> } for a cluster of the account, or { kubeContext: <name>, namespace: <name> }";

const REPLICAS =
  "allowed is one of epa, once; name the accounts whose registries get a copy of each release, or leave it out";

const REFUSED: readonly (readonly [Keys, readonly string[]])[] = [
  [
    withUsda({ id: 111111111111 }),
    [
      "accounts.usda.id: got 111111111111; allowed is an account id of 12 digits, in quotes; put it in quotes, or it is read as a number",
    ],
  ],
  [withUsda({ id: "1111" }), [`accounts.usda.id: got "1111"; ${ID}`]],
  [
    withUsda({ region: "gov-west", state: "live" }),
    [`accounts.usda.region: got "gov-west"; ${REGION}`, `accounts.usda.state: got "live"; ${STATE}`],
  ],
  [
    withUsda({ partition: "aws" }),
    [
      "accounts.usda.partition: got aws with the region us-gov-west-1; allowed is aws-us-gov, the partition of that region; leave it out, or correct the region",
    ],
  ],
  [
    { accounts: { usda: USDA, epa: USDA } },
    [
      'accounts.epa.id: got "111111111111", which usda has already; allowed is an account id that no other account of the stack has; correct one of the two, or remove it',
    ],
  ],
  [
    { accounts: { USDA } },
    [
      'accounts.USDA: got the key "USDA"; allowed is at most 31 lower-case letters, digits and hyphens, beginning with a letter; choose such a name, the agency in short: usda',
    ],
  ],
  [
    { accounts: { usda: USDA, epa: { ...USDA, id: "222222222222", region: "us-east-1" } } },
    [
      "accounts.epa.region: got us-east-1, of the partition aws; allowed is a region of aws-us-gov, as usda has: roles and keys do not cross partitions; give it a stack of its own",
    ],
  ],
  [
    withUsda({ state: "deployable" }),
    [
      "accounts.usda.clusters.main: got nothing, for a deployable account; allowed is a map with exactly one of eks and kubeContext; say where its services go, or set its state to baselined",
    ],
  ],
  [
    withUsda({ clusters: { main: { eks: "a", kubeContext: "b" } } }),
    [`accounts.usda.clusters.main: got a map with both eks and kubeContext; ${CLUSTER}`],
  ],
  [withUsda({ clusters: { main: "a" } }), [`accounts.usda.clusters.main: got "a"; ${CLUSTER}`]],
  [
    withUsda({ clusters: { main: { eks: "a", namespac: "b" } } }),
    ["accounts.usda.clusters.main.namespac: got an unknown key; allowed is one of eks, pullRole; remove it"],
  ],
  [
    withUsda({ rol: "x" }),
    [
      "accounts.usda.rol: got an unknown key; allowed is one of id, commercialId, partition, region, role, externalId, state, clusters, registry, replicateTo; did you mean role?",
    ],
  ],
  [
    withUsda({ clusters: { main: { eks: "a", pullRole: "arn:nodes" } } }),
    [
      'accounts.usda.clusters.main.pullRole: got "arn:nodes"; allowed is the name of a role (letters, digits and +=,.@/_-), with its path if it has one, without its ARN; write the role of the cluster\'s nodes, which pulls images, or leave it out',
    ],
  ],
  [
    {
      accounts: { usda: { ...USDA, replicateTo: ["usda", "epa", "epa", "doi"] }, epa: { ...USDA, id: "222222222222" } },
    },
    [
      `accounts.usda.replicateTo[0]: got "usda", the account itself; ${REPLICAS}`,
      `accounts.usda.replicateTo[2]: got "epa"; ${REPLICAS}`,
      `accounts.usda.replicateTo[3]: got "doi"; ${REPLICAS}`,
    ],
  ],
  [
    { aws: { endpoint: "http://127.0.0.1:5555", fips: true } },
    [
      "aws.fips: got true together with an endpoint; allowed is false with an endpoint: the SDK takes a FIPS endpoint or a given one, not both; leave it out: it is on without an endpoint, and off with one",
    ],
  ],
  [
    { aws: { fips: false } },
    [
      "aws.fips: got false without an endpoint; allowed is true for AWS itself; leave it out; only an emulator is reached without FIPS",
    ],
  ],
  [
    { aws: { endpoint: "127.0.0.1:5555" } },
    [
      'aws.endpoint: got "127.0.0.1:5555"; allowed is the http or https address of an emulator of AWS, without a path; leave it out for AWS itself; `hms local up --aws` starts an emulator',
    ],
  ],
];

describe("the accounts of a stack", () => {
  it("are none unless the file has some, and AWS is then reached by FIPS endpoints", () => {
    const stack = read({});
    assert.ok(stack.ok);
    assert.deepEqual(stack.config.accounts, []);
    assert.deepEqual(stack.config.aws, { fips: true });
  });

  it("are sorted, each with its partition, role and clusters", () => {
    const stack = read({
      accounts: {
        usda: { ...USDA, state: "deployable", clusters: { main: { eks: "main" } }, externalId: "usda-1" },
        epa: { ...USDA, id: "222222222222", role: "other", clusters: { main: { kubeContext: "c", namespace: "n" } } },
      },
      aws: { endpoint: "http://127.0.0.1:5555/" },
    });
    assert.ok(stack.ok);
    assert.deepEqual(stack.config.aws, { endpoint: "http://127.0.0.1:5555", fips: false });
    assert.deepEqual(stack.config.accounts, [
      {
        ...{ name: "epa", id: "222222222222", region: "us-gov-west-1", partition: "aws-us-gov", role: "other" },
        ...{ state: "baselined", clusters: { main: { kubeContext: "c", namespace: "n" } } },
      },
      {
        ...{ name: "usda", id: "111111111111", region: "us-gov-west-1", partition: "aws-us-gov", role: "hms-deploy" },
        ...{ state: "deployable", clusters: { main: { eks: "main" } }, externalId: "usda-1" },
      },
    ]);
  });

  for (const [keys, problems] of REFUSED)
    it(`are refused: ${JSON.stringify(keys)}`, () => {
      assert.deepEqual(read(keys), { ok: false, problems: problems.map((problem) => `hms:${problem}`) });
    });

  it("and all their problems come at once", () => {
    const stack = read({ ...withUsda({ id: "1" }), aws: { endpoint: 1 }, domain: "X" });
    assert.ok(!stack.ok);
    assert.equal(stack.problems.length, 3);
  });
});
