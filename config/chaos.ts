import { asksForCare } from "../core/chaos/production";
import type { ServiceConfig } from "../core/service/service";
import { stackProblem } from "./services";

interface GuardedStack {
  readonly stack: string;
  readonly protect: boolean;
}

/** Services that ask for chaos before a move where it may not be, or cannot prove anything. */
export function chaosProblems(stack: GuardedStack, services: readonly ServiceConfig[]): readonly string[] {
  return services.flatMap(({ name, chaos, replicas, autoscale }) => {
    if (chaos === undefined) return [];
    const path = ["services", name, "chaos"];
    const pods = autoscale?.min ?? replicas;
    const care = chaos.allowProd ? undefined : asksForCare(stack);
    const problems = [
      ...(care === undefined
        ? []
        : [
            {
              path,
              got: `chaos before each move on stack ${stack.stack}, which ${care}`,
              allowed: "chaos with allowProd: true there",
              advice: `write chaos: { ..., allowProd: true } if pods of an idle color may be killed there, or chaos: none to do without`,
            },
          ]),
      ...(pods > 1
        ? []
        : [
            {
              path,
              got: "chaos for a color of one pod",
              allowed: "chaos for two pods or more, for the last ready one is never killed",
              advice: `set ${autoscale ? "autoscale.min" : "replicas"} to 2 or more, or write chaos: none`,
            },
          ]),
    ];
    return problems.map(stackProblem);
  });
}
