import { asObject, asString } from "../../../core/json";
import { OPEN, type Rule } from "../rule";
import { got, items, providerArgument } from "../shape";

export const allowedAccounts: Rule = {
  name: "allowed-accounts",
  description: "Every provider of AWS is bound to accounts that the stack registers.",
  check({ type, inputs }, { config }) {
    if (type !== "pulumi:providers:aws") return [];
    const allowed = providerArgument(inputs, "allowedAccountIds");
    if (allowed === OPEN) return [];
    const registered = Object.values(asObject(config.accounts) ?? {}).flatMap(
      (one) => asString(asObject(one)?.id) ?? [],
    );
    const foreign = items(allowed).filter((id) => id !== OPEN && !registered.includes(asString(id) ?? ""));
    if (items(allowed).length > 0 && foreign.length === 0) return [];
    const names = registered.length === 0 ? "none, for hms:accounts is empty" : registered.join(", ");
    return [
      `allowedAccountIds: got ${got(foreign.length > 0 ? foreign : allowed)}; allowed are accounts of hms:accounts ` +
        `(${names}); make the provider with accountProvider, and register the account`,
    ];
  },
};
