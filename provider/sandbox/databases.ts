import { databaseOf } from "../../core/sandbox/name";
import { RefusedError } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { templatesOf } from "../snapshot/templates";
import { dropSandboxDatabase, listSandboxDatabases } from "./database";
import type { Databases } from "./remove";
import { sandboxServer } from "./server";

/** What is on the sandboxes' server, with what can be cloned there. */
export interface SandboxDatabases extends Databases {
  /** Id of the newest snapshot of a service that is loaded. @throws RefusedError when there is none */
  newest(service: string): Promise<string>;
}

/**
 * The clones on a server.
 * @param server `<namespace>/<Secret>`; asked for when it is needed, so that what does not need it works without.
 * @param inside whether this runs in a pod of the cluster.
 */
export function databasesOn(kube: KubeClient, server: string, inside = false): SandboxDatabases {
  let known: ReturnType<typeof sandboxServer> | undefined;
  const address = async () => {
    const found = await (known ??= sandboxServer(kube, server));
    return inside ? { ...found, ...found.inCluster } : found;
  };
  const list = async () => (await listSandboxDatabases(await address())).map(({ sandbox }) => sandbox);
  return {
    list,
    drop: async (sandbox, signal) => {
      const was = (await list()).includes(sandbox);
      await dropSandboxDatabase(await address(), { sandbox, database: databaseOf(sandbox) }, signal);
      return was;
    },
    newest: async (service) => {
      const newest = (await templatesOf(await address(), service)).at(-1);
      if (newest) return newest.snapshot;
      throw new RefusedError(
        `no snapshot of ${service} is loaded on the sandboxes' server, so there is nothing to clone: ` +
          `hms snapshot load --service ${service}`,
      );
    },
  };
}
