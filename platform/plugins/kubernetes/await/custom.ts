/**
 * What a program says to wait for, in the annotation `pulumi.com/waitFor`: `condition=Ready`, `condition=Stalled=False`,
 * `jsonpath={.status.phase}`, `jsonpath={.status.phase}=Bound`, or a JSON list of these, which must all hold.
 */
import type { KubeObject } from "../../../kube/client";

export const WAIT_FOR = "pulumi.com/waitFor";

interface Expectation {
  readonly text: string;
  readonly holds: (object: KubeObject) => boolean;
}

/** What does not hold yet. @throws Error for a text that is no expectation. */
export function unmet(annotation: string, object: KubeObject): string[] {
  return parseExpectations(annotation)
    .filter(({ holds }) => !holds(object))
    .map(({ text }) => text);
}

export function parseExpectations(annotation: string): Expectation[] {
  if (!annotation.trimStart().startsWith("[")) return [parse(annotation)];
  const list: unknown = JSON.parse(annotation);
  if (!Array.isArray(list)) throw new Error(`${annotation} is not a list`);
  return list.map((item) => parse(String(item)));
}

function parse(text: string): Expectation {
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition?.[1] !== undefined) {
    const [, type, wanted = "True"] = condition;
    return { text, holds: (object) => statusOf(object, type).toLowerCase() === wanted.toLowerCase() };
  }
  const path = /^jsonpath=\{\.?(.*?)\}(?:=(.*))?$/.exec(text);
  if (path?.[1] !== undefined && !/[?*@]|\.\./.test(text)) {
    const steps = [...path[1].matchAll(/\['([^']+)'\]|\[(\d+)\]|([^.[\]]+)/g)].map(
      ([, key, index, name]) => key ?? index ?? name ?? "",
    );
    const wanted = path[2];
    return {
      text,
      holds: (object) => {
        const found = steps.reduce<unknown>(step, object);
        return wanted === undefined ? found !== undefined : JSON.stringify(found) === wanted || found === wanted;
      },
    };
  }
  throw new Error(`"${text}" is neither condition=<type>[=<status>] nor jsonpath={<plain path>}[=<value>]`);
}

function statusOf(object: KubeObject, type: string): string {
  const conditions = step(step(object, "status"), "conditions");
  const found = Array.isArray(conditions)
    ? (conditions as unknown[]).find((one) => step(one, "type") === type)
    : undefined;
  const status = step(found, "status");
  return typeof status === "string" ? status : "";
}

function step(at: unknown, name: string): unknown {
  return typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined;
}
