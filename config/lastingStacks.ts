import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { asString, path } from "../core/json";
import { parseSandboxName } from "../core/sandbox/name";
import type { LastingStack } from "../core/sandbox/protect";
import { RefusedError } from "../platform/errors";
import { stackNames } from "./stackFile";

/**
 * Where the stacks are that no sandbox may touch. Read for that alone, so a mistake elsewhere in a file is no matter here.
 * @throws RefusedError for a file that cannot be read: what is not known to be elsewhere is not touched.
 */
export function lastingStacks(root: string): readonly LastingStack[] {
  return stackNames(root)
    .filter((stack) => !parseSandboxName(stack).ok)
    .map((stack) => {
      const document = parseDocument(readFileSync(resolve(root, `Pulumi.${stack}.yaml`), "utf8"));
      const [broken] = document.errors;
      if (broken) throw new RefusedError(`Pulumi.${stack}.yaml: ${broken.message}; mend it, for sandboxes keep off it`);
      const config = path(document.toJS(), "config");
      return {
        stack,
        kubeContext: asString(path(config, "hms:kubeContext")) ?? "hms-local",
        namespace: asString(path(config, "hms:namespace")) ?? "",
        protect: String(path(config, "hms:protect")) === "true",
      };
    });
}
