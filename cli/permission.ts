import path from "node:path";
import { RefusedError } from "../platform/errors";
import { projectRoot } from "../platform/home";
import { loadLayout } from "../platform/local/layout";
import { loadPermissions } from "../platform/permission";
import { Progress } from "../platform/progress";
import { ensureTools } from "../platform/toolchain/install";
import type { Io } from "./command";

/** Names the role that a command acts in; a pipeline sets it, beside its identity. */
export const ROLE_VARIABLE = "HMS_ROLE";

/**
 * Asks the permission policy whether the caller's role may deploy these services, where a role is named.
 * @returns what was decided, for the ledger; `undefined` where no role is named and so nobody was asked.
 * @throws RefusedError with every reason, before anything is looked at.
 */
export async function askPermission(stack: string, services: readonly string[], io: Io): Promise<string | undefined> {
  const role = io.env[ROLE_VARIABLE];
  if (role === undefined) return undefined;
  const { home } = loadLayout(io.env);
  const { opa = "opa" } = await ensureTools(["opa"], { home, progress: new Progress(io.err), signal: io.signal });
  const policy = await loadPermissions(opa, projectRoot(), path.join(home, "cache", "rego"));
  const reasons = services.flatMap((resource) => {
    const { allow, reasons: why } = policy.decide({ role, action: "deploy", resource, context: { stack } });
    return allow ? [] : why;
  });
  if (reasons.length > 0)
    throw new RefusedError(
      `not permitted: ${[...new Set(reasons)].join("; ")}. Grants are in policy/rego/roles.json; the role is ` +
        `${ROLE_VARIABLE}. Nothing was changed`,
    );
  return `permission policy sha256:${policy.digest} lets role ${role} deploy`;
}
