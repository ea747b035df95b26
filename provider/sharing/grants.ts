import { randomBytes } from "node:crypto";
import { instantText } from "../../core/freeze/instant";
import type { SandboxIdentity } from "../../core/sandbox/identity";
import { problemText, type Result } from "../../core/service/problem";
import { readGrants, withGrant, withoutGrants, writeGrants, type Grant } from "../../core/sharing/grant";
import { GRANTS_KEY, grantsMap } from "../../core/sharing/names";
import { RefusedError } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { readText, removeText, updateText, type SharingPlace, type TextRef } from "./storedText";

/** What a person asks for when sharing. */
export interface GrantWish extends Pick<Grant, "to" | "as" | "role" | "by"> {
  /** @default the sandbox's own end */
  readonly until?: Date;
}

const textOf = (sandbox: string): TextRef => ({ sandbox, map: grantsMap(sandbox), key: GRANTS_KEY });

/** All that is granted of a sandbox. @throws Error when that cannot be told: then nobody may pass. */
export async function grantsOf(place: SharingPlace, sandbox: string, signal?: AbortSignal): Promise<readonly Grant[]> {
  const text = await readText(place, textOf(sandbox), signal);
  return text === undefined ? [] : known(sandbox, readGrants(text));
}

/** Grants something of a sandbox that stands. A grant ends with it at the latest. @throws RefusedError */
export async function grant(
  place: SharingPlace,
  sandbox: SandboxIdentity,
  wish: GrantWish,
  now = new Date(),
): Promise<Grant> {
  const { name, createdAt, expiresAt } = sandbox;
  if (expiresAt <= now)
    throw new RefusedError(
      `${name} expired at ${instantText(expiresAt)}, so it cannot be shared; create another sandbox`,
    );
  const until = wish.until ?? expiresAt;
  if (until <= now)
    throw new RefusedError(
      `--until: got ${instantText(until)}, which has passed; allowed is a time until ${instantText(expiresAt)}`,
    );
  if (until > expiresAt)
    throw new RefusedError(
      `--until: got ${instantText(until)}, after the end of ${name}; allowed is a time until ${instantText(expiresAt)}; extend the sandbox first: hms-sbx extend ${name}`,
    );
  const made: Grant = {
    id: randomBytes(6).toString("hex"),
    sandbox: name,
    to: wish.to,
    as: wish.as,
    role: wish.role,
    until: instantText(until),
    by: wish.by,
    // Another machine's clock may be behind the one that made the sandbox.
    at: instantText(now < createdAt ? createdAt : now),
  };
  await updateText(place, textOf(name), (text) => {
    const before = text === undefined ? [] : known(name, readGrants(text));
    return writeGrants(withGrant(before, made, now));
  });
  return made;
}

/** Takes grants back. @returns those that were there. @throws RefusedError for an id that is not. */
export async function revoke(place: SharingPlace, sandbox: string, ids: readonly string[]): Promise<readonly Grant[]> {
  let taken: readonly Grant[] = [];
  await updateText(place, textOf(sandbox), (text) => {
    const before = text === undefined ? [] : known(sandbox, readGrants(text));
    const unknown = ids.filter((id) => !before.some((one) => one.id === id));
    if (unknown.length > 0)
      throw new RefusedError(
        `${sandbox} has no grant ${unknown.join(", ")}; it has ${before.map(({ id }) => id).join(", ") || "none"}`,
      );
    taken = before.filter(({ id }) => ids.includes(id));
    return writeGrants(withoutGrants(before, ids));
  });
  return taken;
}

/**
 * Takes everything back that was granted of a sandbox, whatever stands there, also when the sandbox is gone. From then on
 * nobody passes: within the two seconds that the gate remembers. @returns whether there was something.
 */
export const revokeAll = (kube: KubeClient, sandbox: string, signal?: AbortSignal): Promise<boolean> =>
  removeText({ kube }, textOf(sandbox), signal);

/** The same where the common namespace has another name. */
export const revokeAllIn = (place: SharingPlace, sandbox: string, signal?: AbortSignal): Promise<boolean> =>
  removeText(place, textOf(sandbox), signal);

function known(sandbox: string, read: Result<readonly Grant[]>): readonly Grant[] {
  if (read.ok) return read.value;
  throw new RefusedError(
    `ConfigMap ${grantsMap(sandbox)} cannot be read: ${read.problems.map(problemText).join("; ")}; ` +
      `put it right, or take everything back with: hms-sbx share ${sandbox} --revoke all`,
  );
}
