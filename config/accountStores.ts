import { isBaselined, isDeployable, type AccountState } from "../core/account/state";
import { OWN, wayInto, type AccountWay } from "../core/account/way";
import { closest } from "../core/service/closest";
import { describeValue, type Problem } from "../core/service/problem";
import { accountsOf, awsReach } from "./accounts";
import type { StackValues } from "./schema";
import type { StackConfig } from "./stack";

type Stores = Pick<StackValues, "ledger" | "freeze" | "accounts" | "targets">;

/** What no single key can know of a ledger and a freeze that accounts keep: which accounts the stack has. */
export function accountStoreProblems(stack: Stores): readonly Problem[] {
  const { ledger, freeze } = stack;
  return [
    ...(ledger === "local" || !("account" in ledger)
      ? []
      : [...keeperProblems(stack, ["ledger", "account"], ledger.account), ...witnessProblems(stack, ledger)]),
    ...(freeze.account === undefined ? [] : keeperProblems(stack, ["freeze", "account"], freeze.account)),
    ...(freeze.account === undefined || freeze.file === undefined ? [] : [TWO_FREEZES]),
  ];
}

const TWO_FREEZES: Problem = {
  path: ["freeze", "file"],
  got: "a file together with an account",
  allowed: "one of the two",
  advice: "say where the freeze is kept, or leave both out for the ConfigMap hms-freeze",
};

/** Who keeps it: each account its own where services go to accounts, else the one that is named. */
function keeperProblems({ accounts, targets }: Stores, path: Problem["path"], keeper: string): readonly Problem[] {
  if (targets === "cluster") return registeredProblems(accounts, path, keeper);
  if (keeper === OWN) return [];
  return [
    {
      path,
      got: `${describeValue(keeper)}, in a stack whose targets are accounts`,
      allowed: OWN,
      advice: "write own: what goes to an account is kept there, and no account waits for another",
    },
  ];
}

function registeredProblems(accounts: Stores["accounts"], path: Problem["path"], name: string): readonly Problem[] {
  const names = Object.keys(accounts);
  const allowed = names.length === 0 ? "an account of hms:accounts, which has none" : `one of ${names.join(", ")}`;
  const found = accounts[name];
  if (found === undefined) {
    const meant = closest(name, names);
    const own = name === OWN ? "own goes with hms:targets: accounts; name the account" : "name an account of the stack";
    return [{ path, got: describeValue(name), allowed, advice: meant === undefined ? own : `did you mean ${meant}?` }];
  }
  return isBaselined(found.state) ? [] : [notYet(path, name, found.state)];
}

const notYet = (path: Problem["path"], name: string, state: AccountState): Problem => ({
  path,
  got: `${name}, which is ${state}`,
  allowed: "an account that is baselined or deployable",
  advice: "bring it so far: its buckets, keys and parameters are made then",
});

/** Nobody is a witness of themselves: what somebody owns they can also take away. */
function witnessProblems(
  { accounts, targets }: Stores,
  { account, witnesses }: { readonly account: string; readonly witnesses: readonly string[] },
): readonly Problem[] {
  const path = ["ledger", "witnesses"];
  const own =
    targets === "cluster"
      ? [account]
      : Object.entries(accounts).flatMap(([name, { state }]) => (isDeployable(state) ? [name] : []));
  const alone = own.filter((keeper) => !witnesses.some((name) => name !== keeper));
  return [
    ...witnesses.flatMap((name, index) => registeredProblems(accounts, [...path, index], name)),
    ...alone.map((keeper) => ({
      path,
      got: `${witnesses.length === 0 ? "an empty list" : keeper}, so nobody else sees the ledger of ${keeper}`,
      allowed: "at least one other account for each ledger",
      advice: "name two accounts, and each ledger has a witness",
    })),
  ];
}

/** Ledger and freeze, with the way into each account that keeps one. */
export function keptBy(stack: string, values: StackValues): Pick<StackConfig, "ledger" | "freeze"> {
  const accounts = accountsOf(values);
  const ways = (names: readonly string[]) =>
    accounts.filter(({ name }) => names.includes(name)).map((one) => wayInto(one, awsReach(values.aws)));
  const keeper = (name: string): AccountWay | typeof OWN =>
    values.targets === "accounts" ? OWN : (ways([name])[0] ?? OWN);
  const { ledger, freeze } = values;
  const { account: frozenBy, ...place } = freeze;
  const store =
    ledger !== "local" && "account" in ledger
      ? { ...ledger, account: keeper(ledger.account), witnesses: ways(ledger.witnesses) }
      : ledger;
  return {
    ledger: { name: stack, ...(store === "local" ? {} : { store }) },
    freeze: { ...place, ...(frozenBy === undefined ? {} : { account: keeper(frozenBy) }) },
  };
}
