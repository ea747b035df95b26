import { randomBytes } from "node:crypto";
import { loadSandboxes, type SandboxesConfig } from "../../config/sandboxes";
import { lastingStacks } from "../../config/lastingStacks";
import { freshName, sandboxNamed } from "../../core/sandbox/name";
import { placeProblems } from "../../core/sandbox/protect";
import { seenSandbox, type SeenSandbox } from "../../core/sandbox/seen";
import { problemText } from "../../core/service/problem";
import { RefusedError } from "../../platform/errors";
import { projectRoot } from "../../platform/home";
import type { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { sandboxNamespaces } from "../../provider/sandbox/namespaces";
import { Session } from "../../provider/session";
import { UsageError } from "../command";
import { LOCAL_CONTEXT } from "../stack";

/** Where the sandboxes of this project are, and what they have in common. */
export interface SandboxPlace {
  readonly root: string;
  readonly common: SandboxesConfig;
  readonly kube: KubeClient;
}

export function sandboxPlace(env: NodeJS.ProcessEnv): SandboxPlace {
  const root = projectRoot();
  const common = loadSandboxes(root);
  const { kubeContext } = common;
  const kubeconfig = kubeContext === LOCAL_CONTEXT ? loadLayout(env).kubeconfig : undefined;
  return { root, common, kube: new Session(kubeContext, kubeconfig).kube };
}

/** A name as somebody typed it. @throws UsageError for what is no sandbox's, such as `prod`. */
export function nameOf(given: string): string {
  const read = sandboxNamed(given);
  if (read.ok) return read.value;
  throw new UsageError(read.problems.map(problemText).join("; "));
}

export const newName = (): string => freshName(randomBytes(8));

/** @throws RefusedError where no sandbox may be made or unmade. Nothing has been asked of the cluster by then. */
export function refuseProtected({ root, common }: SandboxPlace, name: string): void {
  const guarded = { ...common.protectedPlaces, stacks: lastingStacks(root), local: LOCAL_CONTEXT };
  const problems = placeProblems({ name, kubeContext: common.kubeContext, namespace: name }, guarded);
  if (problems.length > 0) throw new RefusedError(problems.join("\n"));
}

/** What stands in the cluster by its labels, by name. */
export async function standingSandboxes({ kube }: SandboxPlace, signal: AbortSignal): Promise<readonly SeenSandbox[]> {
  const seen = (await sandboxNamespaces(kube, signal)).flatMap((one) => seenSandbox(one) ?? []);
  return seen.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where it answers. */
export function urlOf({ common }: Pick<SandboxPlace, "common">, name: string): string {
  const url = new URL(common.gateway.address);
  url.hostname = `${name}.${common.domain}`;
  return url.href.replace(/\/$/, "");
}
