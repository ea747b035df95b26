import { isTemplateOf, parseLabel, type TemplateLabel } from "../../core/sandbox/template";
import { type Admin, type AdminAddress, dropDatabase, dropRole, withAdmin } from "../sandbox/admin";

/** A database with a snapshot in it, whole and never changed, from which databases of sandboxes are copied. */
export interface Template extends Omit<TemplateLabel, "kind" | "takenAt" | "loadedAt"> {
  /** Of the database, and of the role that owns what is in it. */
  readonly name: string;
  readonly takenAt: Date;
  readonly loadedAt: Date;
}

interface Found {
  readonly name: string;
  readonly comment: string | null;
}

const databases = (admin: Admin): Promise<readonly Found[]> =>
  admin.rows<Found>(
    "select datname as name, shobj_description(oid, 'pg_database') as comment from pg_database order by datname",
  );

/** Of a service, oldest first. What is half loaded is none. */
export async function standingTemplates(admin: Admin, service: string): Promise<readonly Template[]> {
  const found = (await databases(admin)).flatMap(({ name, comment }): readonly Template[] => {
    const label = isTemplateOf(service, name) === "template" ? parseLabel(comment) : undefined;
    if (label?.kind !== "template" || label.service !== service) return [];
    const { kind: _kind, takenAt, loadedAt, ...rest } = label;
    return [{ name, ...rest, takenAt: new Date(takenAt), loadedAt: new Date(loadedAt) }];
  });
  return found.sort((one, other) => one.takenAt.getTime() - other.takenAt.getTime());
}

/** @throws RefusedError when the server is out of reach */
export const templatesOf = (server: AdminAddress, service: string): Promise<readonly Template[]> =>
  withAdmin(server, (admin) => standingTemplates(admin, service));

/**
 * Removes a service's templates but the newest. Sandboxes that were copied from one stay as they are.
 * @param keep so many stay. @returns what went
 */
export const dropTemplates = (
  server: AdminAddress,
  service: string,
  { keep, signal }: { readonly keep: number; readonly signal: AbortSignal },
): Promise<readonly Template[]> =>
  withAdmin(server, (admin) =>
    admin.exclusively(loadLock(service), { signal }, () => dropOldTemplates(admin, service, keep)),
  );

export async function dropOldTemplates(admin: Admin, service: string, keep: number): Promise<readonly Template[]> {
  const standing = await standingTemplates(admin, service);
  const going = standing.slice(0, Math.max(0, standing.length - keep));
  for (const { name } of going) await dropDatabase(admin, name);
  await dropLeftovers(admin, service);
  return going;
}

/** Whoever loads or removes templates of a service holds it. */
export const loadLock = (service: string): string => `hms load ${service}`;

/**
 * Removes what a load that was killed has left, and roles whose template is gone. A role may have to stay once more: a
 * sandbox that is being made from its template holds on to it.
 */
export async function dropLeftovers(admin: Admin, service: string): Promise<void> {
  for (const { name } of await databases(admin))
    if (isTemplateOf(service, name) === "loading") await dropDatabase(admin, name);
  const left = new Set((await databases(admin)).map(({ name }) => name));
  const roles = await admin.rows<{ name: string }>("select rolname as name from pg_roles");
  for (const { name } of roles)
    if (isTemplateOf(service, name) !== undefined && !left.has(name)) await dropRole(admin, name);
}
