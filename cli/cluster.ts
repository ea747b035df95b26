import type { StackConfig } from "../config/stackConfig";
import { diagnose } from "../platform/doctor";
import { RefusedError } from "../platform/errors";
import { bringUp } from "../platform/local/up";
import type { Io } from "./command";
import type { Prepared } from "./prepare";
import { LOCAL_CONTEXT } from "./stack";

/**
 * The cluster of a stack, ready for an update: the local platform is brought up, another one is looked at first.
 * @throws RefusedError that names everything the cluster lacks, and what to do about it.
 */
export async function readyCluster(config: StackConfig, { layout, progress, env }: Prepared, io: Io): Promise<void> {
  const { kubeContext, namespace, prometheus, registry } = config;
  if (kubeContext === LOCAL_CONTEXT) {
    await bringUp(layout, { progress, signal: io.signal });
    return;
  }
  const before = process.env.KUBECONFIG;
  if (env.KUBECONFIG !== undefined) process.env.KUBECONFIG = env.KUBECONFIG;
  try {
    const findings = await diagnose({ layout, context: kubeContext, namespace, prometheus, registry });
    const lacking = findings.filter(({ lacks }) => lacks !== undefined);
    if (lacking.length === 0) return;
    const lines = lacking.map(
      ({ name, lacks, advice }) => `  ${name}: ${lacks ?? ""}${advice === undefined ? "" : `; ${advice}`}`,
    );
    throw new RefusedError(
      [`the cluster of context ${kubeContext} is not ready for stack ${config.stack}:`, ...lines].join("\n"),
    );
  } finally {
    if (before === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = before;
  }
}
