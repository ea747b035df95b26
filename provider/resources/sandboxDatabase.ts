import { z } from "zod";
import { databaseOf, isSandboxName, sandboxOfDatabase } from "../../core/sandbox/name";
import { DEFAULT_MOST_HOURS } from "../../core/scrub/manifest";
import {
  containsUnknown,
  isSecret,
  isUnknown,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  secret,
} from "../../platform/rpc";
import {
  createSandboxDatabase,
  dropSandboxDatabase,
  readSandboxDatabase,
  type SandboxDatabase,
  type SandboxDatabaseWish,
  updateSandboxDatabase,
} from "../sandbox/database";
import { type DatabaseServer, sandboxServer } from "../sandbox/server";
import type { Session } from "../session";
import { sameJson } from "./diff";
import { inputFailures, parseInputs } from "./inputs";

const name = z.string().min(1);

export const sandboxDatabaseInputs = z
  .strictObject({
    /** Secret that says how the sandboxes' server is administered: `<namespace>/<name>`. */
    server: z.string().regex(/^[^/]+\/[^/]+$/, "must be <namespace>/<name of a Secret>"),
    service: name,
    snapshot: name,
    database: name,
    role: name,
    password: z.string(),
    connectionLimit: z.number().int().min(1).max(1000),
    maxAgeHours: z.number().positive(),
    sandbox: name,
  })
  .superRefine(({ sandbox, database, role }, context) => {
    const refuse = (path: string, message: string) => {
      context.addIssue({ code: "custom", path: [path], message });
    };
    if (isUnknown(sandbox)) return;
    if (!isSandboxName(sandbox)) refuse("sandbox", "must be the name of a sandbox, such as sbx-42");
    else if (database !== databaseOf(sandbox)) refuse("database", `must be ${databaseOf(sandbox)}, for ${sandbox}`);
    if (role !== database) refuse("role", "must be the name of the database");
  });

/** In which the resource's outputs are those of another database. */
const REPLACES = ["server", "service", "database", "role", "sandbox"] as const;
const UPDATES = ["password", "connectionLimit"] as const;

/**
 * `hms:data:SandboxDatabase`: a database of a sandbox, cloned from a snapshot, with its role. The password is an input and
 * stays one: it is in no output. A snapshot that comes later does not change what stands.
 */
export function sandboxDatabase(session: Session): ResourceHandler {
  const open = (server: string): Promise<DatabaseServer> => sandboxServer(session.kube, server);
  return {
    check({ news }) {
      const inputs: Properties = { connectionLimit: 20, maxAgeHours: DEFAULT_MOST_HOURS, ...news };
      const { password } = inputs;
      // A program may have forgotten to say that it is one.
      if (password !== undefined && !isSecret(password) && !containsUnknown(password))
        inputs.password = secret(password);
      // The engine shows what it was given beside the reason: of a password that must not be.
      const failures = inputFailures(sandboxDatabaseInputs, inputs).map(({ property, reason }) =>
        property === "password" ? { property: "role", reason: "its password must be a text" } : { property, reason },
      );
      return { inputs, failures };
    },
    diff({ oldInputs, olds, news }) {
      const replaces: string[] = REPLACES.filter((key) => !sameJson(oldInputs[key], news[key]));
      // What stands has a snapshot; "latest" was another word for it on the day when it was made.
      if (news.snapshot !== "latest" && news.snapshot !== olds.snapshot) replaces.push("snapshot");
      const changed = UPDATES.filter((key) => !sameJson(oldInputs[key], news[key]));
      const detailed: Record<string, PropertyDiff> = {};
      for (const key of changed) detailed[key] = { kind: "update", inputDiff: true };
      for (const key of replaces) detailed[key] = { kind: "update-replace", inputDiff: key !== "snapshot" };
      return { changes: Object.keys(detailed).length > 0, replaces, detailed, deleteBeforeReplace: true };
    },
    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const { server, ...wish } = wishOf(inputs);
      const admin = await open(server);
      log.status(`copying the snapshot of ${wish.service}`);
      const made = await createSandboxDatabase(admin, wish, signal);
      return { id: `${server}/${made.database}`, outputs: outputsOf(inputs, made, admin), refreshBeforeUpdate: true };
    },
    async update({ inputs, olds, preview }) {
      if (preview) return { outputs: { ...olds, ...withoutPassword(inputs) }, refreshBeforeUpdate: true };
      const { server, ...wish } = wishOf(inputs);
      const admin = await open(server);
      const made = await updateSandboxDatabase(admin, wish);
      return { outputs: outputsOf(inputs, made, admin), refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { server, database } = splitDatabaseId(id);
      const admin = await open(server);
      const standing = await readSandboxDatabase(admin, database);
      if (!standing) return undefined;
      const { sandbox, service, snapshot } = standing;
      const seen = { server, sandbox, service, snapshot, database, role: database };
      // Of one that is imported nothing is known but its id.
      const known: Properties = "database" in inputs ? inputs : seen;
      return {
        id,
        inputs: known,
        outputs: { ...olds, ...outputsOf(known, standing, admin) },
        refreshBeforeUpdate: true,
      };
    },
    async delete({ id, signal }) {
      const { server, database } = splitDatabaseId(id);
      const sandbox = sandboxOfDatabase(database);
      if (sandbox === undefined) throw new Error(`id "${id}": ${database} is no database of a sandbox`);
      await dropSandboxDatabase(await open(server), { sandbox, database }, signal);
    },
  };
}

function wishOf(inputs: Properties): SandboxDatabaseWish & { readonly server: string } {
  const { role: _role, maxAgeHours: mostHours, ...wish } = parseInputs(sandboxDatabaseInputs, inputs);
  return { ...wish, mostHours };
}

function outputsOf(inputs: Properties, made: SandboxDatabase, { inCluster }: DatabaseServer): Properties {
  const { database, snapshot, template, takenAt } = made;
  const place = { database, role: database, host: inCluster.host, port: inCluster.port };
  return { ...withoutPassword(inputs), ...place, snapshot, template, takenAt: takenAt.toISOString() };
}

function withoutPassword(inputs: Properties): Properties {
  const { password: _password, ...rest } = inputs;
  return rest;
}

/** `<namespace>/<secret>/<database>`. @throws Error for a text of another form */
function splitDatabaseId(id: string): { readonly server: string; readonly database: string } {
  const [, server, database] = /^([^/]+\/[^/]+)\/([^/]+)$/.exec(id) ?? [];
  if (server === undefined || database === undefined)
    throw new Error(`id "${id}": expected <namespace>/<secret>/<database>`);
  return { server, database };
}
