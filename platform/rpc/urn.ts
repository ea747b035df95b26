/** The parts of a resource's URN, `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`. */
export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Type token of the resource itself, for example `kubernetes:core/v1:Service`. */
  readonly type: string;
  readonly name: string;
}

/** @throws Error for a text that is not a URN. */
export function parseUrn(urn: string): UrnParts {
  const [head = "", project = "", types = "", ...name] = urn.split("::");
  if (!head.startsWith("urn:pulumi:") || name.length === 0) throw new Error(`not a resource URN: ${urn}`);
  return {
    stack: head.slice("urn:pulumi:".length),
    project,
    type: types.slice(types.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}
