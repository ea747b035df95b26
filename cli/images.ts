import { lastingStacks } from "../config/lastingStacks";
import { prunePlanOf } from "../config/prunePlan";
import { reasonOf } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { loadLayout } from "../platform/local/layout";
import { readWhole } from "../provider/ledger/reading";
import type { PruneCase } from "../provider/registry/prune";
import { pruneCaseOf } from "../provider/registry/pruneCase";
import { Session } from "../provider/session";
import type { Io } from "./command";
import { openStackLedgers } from "./ledger";
import { LOCAL_CONTEXT } from "./stack";

/**
 * All that pruning the registries of a stack needs to know: its own, and those of its accounts. Registries are shared:
 * what counts is in use by any stack of this project, in any account, and by whatever else runs in their clusters.
 * @throws RefusedError for an unknown stack, and for an account that cannot be entered.
 */
export async function openPrune(
  { stack, keep, apply }: { readonly stack: string; readonly keep: number; readonly apply: boolean },
  { env, err, signal }: Io,
): Promise<PruneCase> {
  const root = projectRoot();
  const plan = () => prunePlanOf(root, stack, keep, "all");
  // A wrong stack is refused before ledgers are read.
  plan();
  const byContext = (context: string) =>
    new Session(context, context === LOCAL_CONTEXT ? loadLayout(env).kubeconfig : undefined).kube;
  const deployed = await deployedAt(root, env, (message) => void err.write(`${message}\n`));
  return pruneCaseOf({ plan, byContext, deployed, apply, env, signal });
}

/** When the ledgers of this project last saw each image deployed; one that cannot be read only makes images look older. */
async function deployedAt(
  root: string,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const times = new Map<string, string>();
  for (const { stack } of lastingStacks(root)) {
    try {
      const ledgers = await Promise.all(openStackLedgers(stack, env));
      const readings = await Promise.all(ledgers.map(({ parts }) => readWhole(parts)));
      for (const { at, event, release } of readings.flatMap(({ entries }) => entries)) {
        const digest = release.image?.split("@")[1];
        if (digest === undefined || (event !== "deployed" && event !== "rolled-back")) continue;
        if (at > (times.get(digest) ?? "")) times.set(digest, at);
      }
    } catch (error) {
      warn(`the ledger of ${stack} does not say when images were deployed: ${reasonOf(error)}`);
    }
  }
  return times;
}
