import { isSandboxName } from "./name";

/** A stack of this project that lasts, as its file says. */
export interface LastingStack {
  readonly stack: string;
  readonly kubeContext: string;
  readonly namespace: string;
  readonly protect: boolean;
}

export interface Place {
  readonly name: string;
  readonly kubeContext: string;
  readonly namespace: string;
}

/** What no sandbox may be in. */
export interface Protected {
  readonly stacks: readonly LastingStack[];
  /** Contexts and namespaces besides those of the stacks. */
  readonly contexts: readonly string[];
  readonly namespaces: readonly string[];
  /** Context of the local platform, where one cluster stands in for all of them. */
  readonly local: string;
}

/** Stacks whose cluster is nobody's place to try something. */
const PRODUCTION = /^(prod|production|preprod|staging)([-.].*)?$/;

/** Why a sandbox may not be made or unmade there. Nothing of it depends on what the sandbox calls itself. */
export function placeProblems({ name, kubeContext, namespace }: Place, guarded: Protected): readonly string[] {
  const problems: string[] = [];
  if (!isSandboxName(name) || namespace !== name)
    problems.push(`namespace: got ${namespace} for sandbox ${name}; allowed is a namespace of the sandbox's own name`);
  const owner = guarded.stacks.find((stack) => stack.namespace === namespace);
  if (owner) problems.push(`namespace: got ${namespace}, which belongs to stack ${owner.stack}; choose another name`);
  if (guarded.namespaces.includes(namespace))
    problems.push(`namespace: got ${namespace}, which is protected; choose another name`);
  if (kubeContext === guarded.local) return problems;
  const runs = guarded.stacks.filter(
    ({ stack, protect, kubeContext: context }) => context === kubeContext && (protect || PRODUCTION.test(stack)),
  );
  if (runs.length > 0)
    problems.push(
      `kubeContext: got ${kubeContext}, the cluster of ${runs.map(({ stack }) => stack).join(" and ")}; ` +
        "allowed is a cluster that runs none of prod, preprod, staging and protected stacks; sandboxes have a cluster of their own",
    );
  else if (guarded.contexts.includes(kubeContext))
    problems.push(`kubeContext: got ${kubeContext}, which is protected; allowed is another cluster`);
  return problems;
}
