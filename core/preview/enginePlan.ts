import { asObject, path } from "../json";
import { RefusedError } from "../../platform/errors";

/** The engine's plan as a plan file keeps it. */
export type EnginePlan = Readonly<Record<string, unknown>>;

/**
 * What the engine wrote with `--save-plan`, without the resources' outputs: the engine does not need them to hold an
 * update to its plan, and they are where values of this moment stand.
 * @throws RefusedError for anything else: the format is marked experimental, and a change of it must not go unseen.
 */
export function readEnginePlan(text: string): EnginePlan {
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch {
    throw new RefusedError("the engine's plan is not JSON; make the preview again");
  }
  const manifest = asObject(path(plan, "manifest"));
  const resources = asObject(path(plan, "resourcePlans"));
  if (!manifest || !resources || Object.values(resources).some((one) => !Array.isArray(path(one, "steps"))))
    throw new RefusedError(
      "the engine's plan has another format than the one that is known; use the version of Pulumi that this project names",
    );
  return {
    manifest,
    config: asObject(path(plan, "config")) ?? {},
    resourcePlans: Object.fromEntries(
      Object.entries(resources).map(([urn, one]) => {
        const { state: _outputs, ...rest } = asObject(one) ?? {};
        return [urn, rest];
      }),
    ),
  };
}

/** What the engine is held to: the same for two previews of the same change, whenever and wherever they were made. */
export function decidedBy(plan: EnginePlan): Readonly<Record<string, unknown>> {
  const resources = asObject(plan.resourcePlans) ?? {};
  return Object.fromEntries(
    Object.entries(resources).map(([urn, one]) => [
      urn,
      { goal: stable(path(one, "goal")) ?? null, steps: path(one, "steps") },
    ]),
  );
}

/** Texts of one secret differ each time it is encrypted. Lists of dependencies come in the order in which they were met. */
function stable(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => stable(item));
    return key === "dependencies" || key.startsWith("dependsOn:") ? [...items].sort() : items;
  }
  const object = asObject(value);
  if (!object) return value;
  if (typeof object.ciphertext === "string") return "[secret]";
  const names = Object.keys(object).sort();
  const within = key === "propertyDependencies" ? "dependsOn:" : "";
  return Object.fromEntries(names.map((name) => [name, stable(object[name], `${within}${name}`)]));
}

/** Resources of a plan, for messages. */
export const plannedResources = (plan: EnginePlan): number => Object.keys(asObject(plan.resourcePlans) ?? {}).length;

/** Whether the engine refused an update because it is not the one of its plan, and where. */
export function violationsOf(lines: readonly string[]): string[] {
  const found = lines.flatMap((line) => {
    const [, urn = "", what] = /resource (urn:\S+) violates plan: (.*)$/.exec(line) ?? [];
    return what === undefined ? [] : [`${urn.slice(urn.lastIndexOf("::") + 2)} (${typeOf(urn)}): ${what}`];
  });
  return [...new Set(found)];
}

/** `hms:rollout:TrafficSwitch` of a URN. */
const typeOf = (urn: string): string => urn.split("::").at(-2)?.split("$").at(-1) ?? "";
