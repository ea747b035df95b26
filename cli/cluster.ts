import type { StackConfig } from "../config/stackConfig";
import { diagnose, type Finding } from "../platform/doctor";
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
    for (const finding of lacking.filter(isOptional)) io.err.write(`${describe(finding)}\n`);
    const missing = lacking.filter((finding) => !isOptional(finding)).map((finding) => `  ${describe(finding)}`);
    if (missing.length === 0) return;
    throw new RefusedError(
      [`the cluster of context ${kubeContext} is not ready for stack ${config.stack}:`, ...missing].join("\n"),
    );
  } finally {
    if (before === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = before;
  }
}

/** A move in one step asks no metrics. */
const isOptional = ({ name }: Finding): boolean => name === "Prometheus";

const describe = ({ name, lacks = "", advice }: Finding): string =>
  `${name}: ${lacks}${advice === undefined ? "" : `; ${advice}`}`;
