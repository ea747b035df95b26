import { asString } from "../../core/json";
import { at, OPEN, type Known, type Resource } from "./rule";

/** A list's items; none of what is not known yet, or is no list. */
export const items = (value: Known | undefined): readonly Known[] => (Array.isArray(value) ? (value as Known[]) : []);

/** Whether something is known and is not what it should be. */
export const isOther = (value: Known | undefined, ...allowed: readonly unknown[]): boolean =>
  value !== OPEN && !allowed.includes(value);

export const isAbsent = (value: Known | undefined): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

export const label = ({ inputs }: Pick<Resource, "inputs">, key: string): Known | undefined =>
  at(inputs, "metadata", "labels", key);

/** An argument of a provider: all but texts are JSON in a text there. */
export function providerArgument(inputs: Known, key: string): Known | undefined {
  const value = at(inputs, key);
  const text = asString(value);
  if (text === undefined) return value;
  try {
    return JSON.parse(text) as Known;
  } catch {
    return text;
  }
}

/** The documents of IAM that a resource holds, read; one that is not known yet, or no JSON, is left out. */
export function policyDocuments({ inputs }: Pick<Resource, "inputs">): readonly Known[] {
  return ["policy", "assumeRolePolicy", "repositoryPolicy"].flatMap((key) => {
    const text = asString(at(inputs, key));
    if (text === undefined) return [];
    try {
      return [JSON.parse(text) as Known];
    } catch {
      return [];
    }
  });
}

/** A value for a message; never of a secret. */
export const got = (value: Known | undefined): string =>
  value === undefined || value === null ? "nothing" : JSON.stringify(value);
