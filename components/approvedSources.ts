import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/stackConfig";
import { judgeSource } from "../core/source/judge";
import { seeSource, type SourceFolder } from "../provider/source/look";
import type { ServicePlan } from "./servicePlan";

/**
 * Asks git whether the stack may be deployed from what is checked out: the program with its stack files, and the folder
 * of each service. Asked in every preview and update, whoever starts the engine. Going back to a release that was live
 * asks nobody.
 * @returns the plans, each with what vouches for it; as they were for a stack that may be deployed from anywhere.
 * @throws pulumi.RunError that names commit, ref and signer of all that is not approved.
 */
export async function withApprovals(
  { approvedSources: rules }: StackConfig,
  plans: readonly ServicePlan[],
): Promise<readonly ServicePlan[]> {
  const forward = plans.filter(({ intent }) => intent === "deploy");
  if (rules === undefined || forward.length === 0) return plans;
  const judge = async (what: string, folder: SourceFolder) => judgeSource(what, await seeSource(folder, rules), rules);
  const program = await judge("the program and its stack files", { folder: process.cwd() });
  const verdicts = await Promise.all(
    forward.map(async ({ service: { name, source } }) => {
      // An image by digest is named in the stack's file, and approved with that.
      if (!source) return { name, verdict: program };
      const dockerfile = path.normalize(source.dockerfile);
      return { name, verdict: await judge(name, { folder: source.context, dockerfile }) };
    }),
  );
  const problems = [program, ...verdicts.map(({ verdict }) => verdict)].flatMap((one) => (one.ok ? [] : [one.why]));
  if (problems.length > 0) throw new pulumi.RunError([...new Set(problems)].join("\n"));
  const approvals = new Map(verdicts.map(({ name, verdict }) => [name, verdict]));
  return plans.map((plan) => {
    const verdict = approvals.get(plan.service.name);
    return verdict?.ok === true ? { ...plan, approval: verdict.approval } : plan;
  });
}
