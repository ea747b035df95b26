import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { exec } from "../exec";
import { CONFINED } from "./configs";
import { accountNamed, claimFolder, confined } from "./confined";
import { CLUSTER, type Layout } from "./layout";

export const POSTGRES_BIN = "/usr/lib/postgresql/15/bin";

/** File with the password of the database's superuser `postgres`; readable by its owner only. */
export const postgresPasswordFile = (layout: Layout): string => path.join(layout.home, "postgres.password");

/** Who may connect, always by password: this machine, and pods, whose packets come to loopback with their own address. */
export const HBA = ["local all all", "host all all 127.0.0.1/32", `host all all ${CLUSTER.podCidr}`]
  .map((line) => `${line} scram-sha-256\n`)
  .join("");

/** Makes the database cluster with a random password, once. A half-made one (an interrupted start) is made anew. */
export async function initialiseDatabase(layout: Layout, folder: string): Promise<void> {
  const database = path.join(folder, "db");
  const done = path.join(folder, "initialised");
  if (fs.existsSync(done)) return;
  const account = accountNamed("postgres");
  claimFolder(folder, account);
  fs.rmSync(database, { recursive: true, force: true });
  const password = randomBytes(24).toString("base64url");
  const handed = path.join(folder, "password");
  fs.writeFileSync(handed, password, { mode: 0o600 });
  fs.chownSync(handed, account.uid, account.gid);
  try {
    const [program, ...args] = confined(account, folder, [
      `${POSTGRES_BIN}/initdb`,
      ...["--pgdata", `${CONFINED}/db`, "--username", "postgres", "--pwfile", `${CONFINED}/password`],
      ...["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions"],
    ]);
    await exec(program, args);
  } finally {
    fs.rmSync(handed, { force: true });
  }
  fs.rmSync(postgresPasswordFile(layout), { force: true });
  fs.writeFileSync(postgresPasswordFile(layout), password, { mode: 0o600 });
  fs.writeFileSync(done, "");
}
