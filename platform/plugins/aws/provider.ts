/** The AWS package, served from AWS' own APIs: the types of the table, and no others. */
import type { ProviderDefinition } from "../../rpc";
import { Account } from "./account";
import { invoke } from "./functions";
import { handlerOf } from "./handler";
import { parseSettings } from "./settings";
import { KINDS } from "./types";

export function awsProvider(version: string): ProviderDefinition {
  let account: Account | undefined;
  const entered = (): Account => {
    if (account === undefined) throw new Error("the aws provider was not configured");
    return account;
  };
  return {
    name: "aws",
    version,
    async configure({ args, signal }) {
      account = await Account.enter(parseSettings(args), signal);
    },
    resource(type) {
      const kind = KINDS[type];
      if (kind === undefined) throw new Error(`${type} is not covered by this stand-in of the aws plugin`);
      return handlerOf(kind, entered());
    },
    invoke: async (token, { args, signal }) => ({ result: await invoke(token, args, entered(), signal) }),
  };
}
