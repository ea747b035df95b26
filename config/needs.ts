import { closest } from "../core/service/closest";
import { parseExamples } from "../core/service/examples";
import { type DeclaredNeeds, type Need, type NeedGraph, needCircles } from "../core/service/needs";
import { describeValue } from "../core/service/problem";
import type { ServiceConfig } from "../core/service/service";
import type { SourceFiles } from "./sourceFiles";
import { stackProblem } from "./stackProblem";

export interface ReadNeeds {
  readonly needs: Readonly<Record<string, Need>>;
  readonly problems: readonly string[];
}

/**
 * The needs of a service with the examples that their files hold.
 * @param folder of its service.yaml; `undefined` for one that has none, and so no files either
 */
export function readNeeds(
  declared: DeclaredNeeds,
  folder: string | undefined,
  files: SourceFiles,
  path: readonly string[],
): ReadNeeds {
  const read = Object.entries(declared).map(([name, { contract, examples: file }]) => {
    const examples = file === undefined ? NO_EXAMPLES : readExamples(file, folder, files, [...path, "needs", name]);
    const need: Need = { ...(contract === undefined ? {} : { contract }), examples: examples.examples };
    return { name, need, problems: examples.problems };
  });
  return {
    needs: Object.fromEntries(read.map(({ name, need }) => [name, need])),
    problems: read.flatMap(({ problems }) => problems),
  };
}

interface ReadExamples {
  readonly examples: Need["examples"];
  readonly problems: readonly string[];
}

const NO_EXAMPLES: ReadExamples = { examples: [], problems: [] };

function readExamples(
  file: string,
  folder: string | undefined,
  files: SourceFiles,
  path: readonly string[],
): ReadExamples {
  const filename = `${folder ?? ""}/${file}`;
  const text = folder === undefined ? undefined : files.read(filename);
  if (text === undefined) {
    const missing = {
      path: [...path, "examples"],
      got:
        folder === undefined ? `${describeValue(file)}, but no source` : `${describeValue(file)}, which is not there`,
      allowed: "a file in the folder of service.yaml",
      advice: folder === undefined ? "remove examples" : `correct the path, or write ${filename}`,
    };
    return { examples: [], problems: [stackProblem(missing)] };
  }
  const parsed = parseExamples(text, filename);
  return parsed.ok ? { examples: parsed.value, problems: [] } : { examples: [], problems: parsed.problems };
}

/** Needs that no order can satisfy: of nobody, of itself, in a circle. `names` are all services of the stack. */
export function needProblems(services: readonly ServiceConfig[], names: readonly string[]): readonly string[] {
  const graph: NeedGraph = new Map(services.map(({ name, needs = {} }) => [name, Object.keys(needs)]));
  const unknown = services.flatMap(({ name, needs = {} }) =>
    Object.keys(needs)
      .filter((needed) => !names.includes(needed))
      .map((needed) => {
        const others = names.filter((other) => other !== name);
        const meant = closest(needed, others);
        return stackProblem({
          path: ["services", name, "needs", needed],
          got: `the service ${describeValue(needed)}, which this stack does not have`,
          allowed: others.length === 0 ? "nothing, for the stack has no other service" : `one of ${others.join(", ")}`,
          advice: meant === undefined ? "add it to hms:services, or leave the need out" : `did you mean ${meant}?`,
        });
      }),
  );
  const circles = needCircles(graph).map((circle) => {
    const [first = ""] = circle;
    if (circle.length === 1) {
      return stackProblem({
        path: ["services", first, "needs", first],
        got: "the service itself",
        allowed: "other services of the stack",
        advice: "remove it; a service has itself",
      });
    }
    const steps = circle.map((name, index) => `${name} needs ${circle[(index + 1) % circle.length] ?? first}`);
    return stackProblem({
      path: ["services", first, "needs"],
      got: `a circle: ${steps.join(", ")}`,
      allowed: "needs without a circle, for each service waits until what it needs is live",
      advice: "remove one of these needs",
    });
  });
  return [...unknown, ...circles];
}
