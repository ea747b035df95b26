import { readFileSync } from "node:fs";
import path from "node:path";
import { UsageError, type Command } from "../../cli/command";
import { parsePrunePlan, type PrunePlan } from "../../core/registry/prunePlan";
import { RefusedError, reasonOf } from "../../platform/errors";
import { KubeClient } from "../../platform/kube/client";
import { applyPrune, decidePrune } from "../../provider/registry/prune";
import { pruneCaseOf } from "../../provider/registry/pruneCase";
import { Log } from "../log";

/** What `hms:registryPrune` runs: `hms registry prune` by a plan, for a pod has none of the project's files. */
export const prune: Command = {
  name: "prune",
  summary: "Says of each image why it stays or may go, and removes what may go if it is told to.",
  options: [
    { flags: "--plan <file>", description: "what to look at, JSON" },
    { flags: "--own <context>", description: "what the plan calls the cluster that this pod is in" },
    { flags: "--kubeconfig <file>", description: "how other clusters are asked (default: they cannot be)" },
    { flags: "--apply", description: "removes what may go; without it nothing is changed" },
  ],
  examples: ["runner prune --plan /plan/plan.json --own prod-east --kubeconfig /kubeconfig/kubeconfig"],
  async run(invocation, io) {
    const [file, own] = [path.resolve(invocation.required("plan")), invocation.required("own")];
    const [kubeconfig, apply] = [invocation.text("kubeconfig"), invocation.flag("apply")];
    if (own === "") throw new UsageError("--own must be the name of a context");
    const plan = () => planAt(file);
    const log = new Log(io.out, { stack: plan().stack });
    const byContext = (context: string): KubeClient => {
      // The account of the pod counts in the pod's own cluster; nothing may pass that one off as another.
      if (context === own) return KubeClient.load();
      if (kubeconfig === undefined)
        throw new RefusedError(
          `no kubeconfig says how the context ${context} is reached from here; name a Secret with one as hms:registryPrune's kubeconfig`,
        );
      return KubeClient.load({ context, kubeconfig });
    };
    const surroundings = {
      plan,
      byContext,
      deployed: new Map<string, string>(),
      apply,
      env: io.env,
      signal: io.signal,
    };
    const toPrune = await pruneCaseOf(surroundings);
    const decisions = await decidePrune(toPrune);
    for (const { image, remove, reason } of decisions) {
      const { repository, digest, tags, at, bytes } = image;
      log.info(remove ? "may go" : "stays", { image: `${repository}@${digest}`, tags, dated: at, bytes, reason });
    }
    let removed = 0;
    if (apply)
      await applyPrune(toPrune, decisions, ({ repository, digest }) => {
        removed++;
        log.info("removed", { image: `${repository}@${digest}` });
      });
    // A line that a collector can count, whatever became of it.
    const mayGo = decisions.filter(({ remove }) => remove).length;
    log.info(apply ? "pruned" : "nothing was changed", { images: decisions.length, mayGo, removed });
  },
};

function planAt(file: string): PrunePlan {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`${file} cannot be read (${reasonOf(error)}); nothing is removed without it`);
  }
  try {
    return parsePrunePlan(text, file);
  } catch (error) {
    throw new RefusedError(`${reasonOf(error)}; nothing is removed by it. Is the runner's image as new as the stack?`);
  }
}
