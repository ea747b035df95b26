import os from "node:os";
import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import type { SandboxEventKind } from "../../core/events/event";
import { environment } from "../../platform/local/environment";
import { Events } from "../../provider/events/events";
import { databasesOn, type SandboxDatabases } from "../../provider/sandbox/databases";
import { revokeAll } from "../../provider/sharing/grants";
import type { Io } from "../command";
import { prepareEngine } from "../prepare";
import type { Removers } from "./destroy";
import type { Engine } from "./engine";
import { sandboxPlace, type SandboxPlace } from "./place";

/** What every command on sandboxes works with. */
export interface SandboxSession {
  readonly place: SandboxPlace;
  readonly engine: Engine;
  readonly databases: SandboxDatabases;
  readonly removers: Removers;
  readonly io: Io;
}

export function openSandboxes(io: Io): SandboxSession {
  const place = sandboxPlace(io.env);
  const env = { ...io.env, ...environment(io.env) };
  const onLine = (line: string) => void io.err.write(`${line}\n`);
  const databases = databasesOn(place.kube, place.common.database.server);
  return {
    place,
    engine: { root: place.root, env, signal: io.signal, onLine },
    databases,
    removers: { databases, revoke: (name) => revokeAll(place.kube, name, io.signal) },
    io,
  };
}

/** The same where an update is to run: what the engine needs is installed first, if it is not there. */
export async function openForUpdate(io: Io): Promise<SandboxSession> {
  const { env } = await prepareEngine(io);
  const session = openSandboxes(io);
  return { ...session, engine: { ...session.engine, env } };
}

/** Tells whom it may concern; never fails, never waits long. */
export function tell(
  { place, engine }: SandboxSession,
  kind: SandboxEventKind,
  sandbox: string,
  data: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  const events = new Events({ kube: place.kube, namespace: SANDBOXES_NAMESPACE, progress: engine.onLine });
  return events.emit({ kind, sandbox, at: new Date(), by: person(engine.env), data });
}

/** Who runs this, as the machine knows them. */
export const person = (env: NodeJS.ProcessEnv): string => env.USER ?? env.LOGNAME ?? os.userInfo().username;
