import * as fs from "node:fs";
import { RefusedError } from "../errors";
import { CONFINED } from "./configs";

/** An account of the machine, by /etc/passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Finds an account in a text of /etc/passwd. */
export function parseAccount(passwd: string, name: string): Account | undefined {
  for (const line of passwd.split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

export function accountNamed(name: string): Account {
  const account = parseAccount(fs.readFileSync("/etc/passwd", "utf8"), name);
  if (account === undefined)
    throw new RefusedError(`the account ${name} is missing; its Debian package makes it: reinstall that package`);
  return account;
}

/**
 * Wraps a command so that it runs as `account` with `folder` as its whole home, seen under one fixed path.
 *
 * A mount that only this process and its children see lets it reach its folder without being able to pass through the
 * folders above (root's home is closed to it), and vanishes with the process.
 */
export function confined(
  account: Account,
  folder: string,
  command: readonly string[],
): readonly [program: string, ...args: string[]] {
  const script = `mount --bind "$1" ${CONFINED} && cd ${CONFINED} && shift && exec "$@"`;
  const as = [
    "setpriv",
    "--reuid",
    String(account.uid),
    "--regid",
    String(account.gid),
    "--init-groups",
    "--no-new-privs",
  ];
  return [
    "/usr/bin/unshare",
    ...["--mount", "--propagation", "slave", "/bin/sh", "-c", script, "sh", folder],
    ...as,
    ...command,
  ];
}

/** Makes the folder of a confined process, owned by its account and closed to everybody else. */
export function claimFolder(folder: string, account: Account): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chownSync(folder, account.uid, account.gid);
}
