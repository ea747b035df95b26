import assert from "node:assert/strict";
import { readStack } from "../../../config/readStack";
import { targetsOf } from "../../../config/targets";
import { wayInto } from "../../../core/account/way";
import { STACK_VALUES, WEB_BY_IMAGE } from "../../support/stackValues";

type Keys = Readonly<Record<string, unknown>>;

const account = (id: string, state: string, namespace: string) => ({
  ...{ id, state, region: "us-gov-west-1", externalId: `hms-${namespace}` },
  clusters: { main: { kubeContext: "c", namespace } },
});
const STACK: Keys = {
  ...STACK_VALUES,
  services: {
    web: WEB_BY_IMAGE,
  },
  accounts: {
    usda: account("111111111111", "deployable", "usda"),
    epa: account("222222222222", "deployable", "epa"),
    audit: account("333333333333", "baselined", "audit"),
    doi: account("444444444444", "invited", "doi"),
  },
};
const TO_ACCOUNTS = { targets: "accounts" };
const ALL = "allowed is one of usda, epa, audit, doi";
const KEEPER = "allowed is the name of an account of hms:accounts, or own";
const OTHER = "allowed is at least one other account for each ledger; name two accounts, and each ledger has a witness";

const read = (keys: Keys) =>
  readStack({
    stack: "test",
    values: { ...STACK, ...keys },
    encrypted: [],
    files: { read: () => undefined, absolute: (path) => path },
  });

const good = (keys: Keys) => {
  const stack = read(keys);
  assert.ok(stack.ok, JSON.stringify(stack));
  return stack.config;
};

const REFUSED: readonly (readonly [string, Keys, readonly string[]])[] = [
  [
    "an account that the stack does not have",
    { ledger: { account: "usad", witnesses: ["epa", "hud"] }, freeze: { account: "usad" } },
    [
      `ledger.account: got "usad"; ${ALL}; did you mean usda?`,
      `ledger.witnesses[1]: got "hud"; ${ALL}; name an account of the stack`,
      `freeze.account: got "usad"; ${ALL}; did you mean usda?`,
    ],
  ],
  [
    "an account of a stack without any",
    { accounts: {}, freeze: { account: "usda" } },
    ['freeze.account: got "usda"; allowed is an account of hms:accounts, which has none; name an account of the stack'],
  ],
  [
    "an account that has no bucket yet",
    { ledger: { account: "doi", witnesses: ["usda"] } },
    [
      "ledger.account: got doi, which is invited; allowed is an account that is baselined or deployable; bring it so far: its buckets, keys and parameters are made then",
    ],
  ],
  [
    "own, where services go to the stack's cluster",
    { ledger: { account: "own", witnesses: ["usda"] } },
    [`ledger.account: got "own"; ${ALL}; own goes with hms:targets: accounts; name the account`],
  ],
  [
    "one account for all, where services go to accounts",
    { ...TO_ACCOUNTS, ledger: { account: "audit", witnesses: ["usda", "epa"] }, freeze: { account: "usda" } },
    [
      'ledger.account: got "audit", in a stack whose targets are accounts; allowed is own; write own: what goes to an account is kept there, and no account waits for another',
      'freeze.account: got "usda", in a stack whose targets are accounts; allowed is own; write own: what goes to an account is kept there, and no account waits for another',
    ],
  ],
  [
    "a ledger that is its own witness",
    { ledger: { account: "usda", witnesses: ["usda"] } },
    [`ledger.witnesses: got usda, so nobody else sees the ledger of usda; ${OTHER}`],
  ],
  [
    "a ledger without a witness",
    { ledger: { account: "usda", witnesses: [] } },
    [`ledger.witnesses: got an empty list, so nobody else sees the ledger of usda; ${OTHER}`],
  ],
  [
    "a witness that one of the accounts is itself",
    { ...TO_ACCOUNTS, ledger: { account: "own", witnesses: ["epa"] } },
    [`ledger.witnesses: got epa, so nobody else sees the ledger of epa; ${OTHER}`],
  ],
  [
    "a freeze in two places",
    { freeze: { account: "usda", file: "/run/freeze" } },
    [
      "freeze.file: got a file together with an account; allowed is one of the two; say where the freeze is kept, or leave both out for the ConfigMap hms-freeze",
    ],
  ],
  [
    "what is no name, and keys of the other form",
    { ledger: { account: "USDA", folder: "/srv/ledger" } },
    [
      `ledger.account: got "USDA"; ${KEEPER}; write own where hms:targets is accounts, and the account's name otherwise`,
      "ledger.witnesses: got nothing; allowed is a list of accounts of hms:accounts; name those that keep the checkpoints of a ledger which is not theirs",
      "ledger.folder: got an unknown key; allowed is one of account, witnesses, trust; remove it",
    ],
  ],
];

describe("a ledger and a freeze that accounts keep", () => {
  for (const [what, keys, problems] of REFUSED)
    it(`are refused for ${what}`, () => {
      assert.deepEqual(read(keys), { ok: false, problems: problems.map((problem) => `hms:${problem}`) });
    });

  it("are one account's, with all that it takes to get in there", () => {
    const { ledger, freeze, accounts, aws } = good({
      ledger: { account: "usda", witnesses: ["audit"], trust: ["/etc/hms/old.pem"] },
      freeze: { account: "audit", midMove: "restore" },
    });
    const [audit, , , usda] = accounts.map((one) => wayInto(one, aws));
    assert.deepEqual(ledger, {
      name: "test",
      store: { account: usda, witnesses: [audit], trust: ["/etc/hms/old.pem"] },
    });
    assert.deepEqual(freeze, { account: audit, midMove: "restore" });
    assert.deepEqual(usda, {
      ...{ name: "usda", id: "111111111111", partition: "aws-us-gov", region: "us-gov-west-1", role: "hms-deploy" },
      ...{ externalId: "hms-usda", fips: true },
    });
  });

  it("are each account's own where services go to accounts, and nobody is a witness of themselves", () => {
    const config = good({
      ...TO_ACCOUNTS,
      ledger: { account: "own", witnesses: ["usda", "audit"] },
      freeze: { account: "own" },
    });
    const kept = targetsOf(config).map(({ account: target, ledger: { store }, freeze }) => {
      assert.ok(store && "account" in store && store.account !== "own" && freeze.account !== "own");
      return [target, store.account.name, store.witnesses.map(({ name }) => name), freeze.account?.name];
    });
    assert.deepEqual(kept, [
      ["epa", "epa", ["audit", "usda"], "epa"],
      ["usda", "usda", ["audit"], "usda"],
    ]);
  });

  it("may be an account's for one, and elsewhere for the other", () => {
    const { ledger, freeze } = good({ ...TO_ACCOUNTS, freeze: { account: "own" } });
    assert.deepEqual([ledger, freeze], [{ name: "test" }, { account: "own", midMove: "hold" }]);
  });
});
