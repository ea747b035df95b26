import { nextState, TO_DO } from "../../core/account/state";
import { loadStackFile } from "../../config/stackFile";
import { execCredential } from "../../core/account/kubeconfig";
import { clusterToken } from "../../platform/aws/clusterToken";
import { RefusedError } from "../../platform/errors";
import { projectRoot } from "../../platform/home";
import { accountSession } from "../../provider/account/session";
import { bootstrapAccounts, bootstrapText } from "../account/bootstrap";
import { accountsStatus, accountsText } from "../account/status";
import { answer, JSON_OPTION, type Command } from "../command";
import { askPermission, placeOf } from "../permission";
import { stackOf } from "../stack";
import { STACK_OPTION } from "./status";

const ACCOUNT_OPTION = { flags: "--account <name>", description: "one account instead of all" };

const list: Command = {
  name: "account list",
  summary: "The accounts that a stack's file registers, how far each is, and what comes next. Asks nobody.",
  options: [STACK_OPTION, JSON_OPTION],
  examples: ["hms account list --stack emulated", "hms account list --stack prod --json"],
  run(invocation, io) {
    const { stack, accounts } = loadStackFile(projectRoot(), stackOf(invocation.required("stack")));
    const document = {
      stack,
      accounts: accounts.map(({ name, id, partition, region, role, state, clusters }) => ({
        ...{ name, id, partition, region, role, state, clusters },
        next: nextState(state) ?? null,
      })),
    };
    answer(io, invocation.flag("json"), document, () =>
      accounts.length === 0
        ? `stack ${stack} has no accounts`
        : accounts
            .map(({ name, id, region, state }) => `${name}  ${id}  ${region}  ${state}  next: ${TO_DO[state]}`)
            .join("\n"),
    );
    return Promise.resolve();
  },
};

const bootstrap: Command = {
  name: "account bootstrap",
  summary: "Makes in each account what the first update needs: deploy role, boundary, state key, state bucket.",
  options: [
    STACK_OPTION,
    ACCOUNT_OPTION,
    {
      flags: "--through <role>",
      description: "role by which you enter an account that is not your own",
      default: "OrganizationAccountAccessRole",
    },
    {
      flags: "--trust <arns>",
      description: "who may take on the deploy role, with commas; default is whoever your account lets",
    },
    { flags: "--dry-run", description: "prints what it would do, and does nothing" },
    JSON_OPTION,
  ],
  examples: [
    "hms account bootstrap --stack emulated --dry-run   # + is made, ~ is changed",
    "hms account bootstrap --stack emulated             # may be run again: what is right is left alone",
    "hms account bootstrap --stack prod --account usda --trust arn-of-the-pipeline's-role",
  ],
  async run(invocation, io) {
    const config = loadStackFile(projectRoot(), stackOf(invocation.required("stack")));
    const only = invocation.text("account");
    const wish = {
      ...(only === undefined ? {} : { only }),
      through: invocation.required("through"),
      trusted: (invocation.text("trust") ?? "").split(",").filter((arn) => arn !== ""),
      dryRun: invocation.flag("dryRun"),
    };
    const meant = config.accounts.filter(({ name }) => only === undefined || name === only);
    const wanted = meant.map(({ name }) => ({ action: "bootstrap" as const, resource: name }));
    if (!wish.dryRun) await askPermission(placeOf(config), wanted, io);
    const document = await bootstrapAccounts(config, wish, io.signal, (line) => void io.err.write(`${line}\n`));
    answer(io, invocation.flag("json"), document, () => bootstrapText(document));
  },
};

const status: Command = {
  name: "account status",
  summary: "What of this program's is in each account now, also after a destroy. Changes nothing.",
  options: [STACK_OPTION, ACCOUNT_OPTION, JSON_OPTION],
  examples: [
    "hms account status --stack emulated             # 0 it got into all of them; 1 not into one",
    "hms account status --stack prod --account usda --json",
  ],
  async run(invocation, io) {
    const config = loadStackFile(projectRoot(), stackOf(invocation.required("stack")));
    const document = await accountsStatus(config, invocation.text("account"), io.signal);
    answer(io, invocation.flag("json"), document, () => accountsText(document));
    const problems = document.accounts.flatMap(({ account, problem }) =>
      problem === null ? [] : `${account}: ${problem}`,
    );
    if (problems.length > 0) throw new RefusedError(problems.join("\n"));
  },
};

const token: Command = {
  name: "account token",
  summary: "A token for an account's EKS cluster, as kubectl asks for it (ExecCredential); good for minutes.",
  options: [STACK_OPTION, { flags: "--account <name>", description: "the account" }],
  examples: ["hms account token --stack prod --account usda   # what the kubeconfig of its cluster names"],
  async run(invocation, io) {
    const config = loadStackFile(projectRoot(), stackOf(invocation.required("stack")));
    const name = invocation.required("account");
    const account = config.accounts.find((one) => one.name === name);
    const main = account?.clusters.main;
    if (account === undefined || main === undefined || !("eks" in main))
      throw new RefusedError(`stack ${config.stack} has no account "${name}" whose cluster main is one of EKS`);
    const session = await accountSession(config.stack, account, config.aws, io.signal);
    const now = new Date();
    const credential = execCredential(await clusterToken(session, main.eks, now), now);
    io.out.write(`${JSON.stringify(credential)}\n`);
  },
};

export const accountCommands: readonly Command[] = [list, bootstrap, status, token];
