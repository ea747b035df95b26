import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { exec } from "../exec";

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export interface AuthoritySpec {
  /** Path without suffix: `.crt` and `.key` are made beside each other. */
  readonly at: string;
  readonly subject: string;
  /** Beyond what every authority has, as openssl writes them. */
  readonly extensions?: readonly string[];
  readonly days: number;
}

/** Makes an authority with a key that its owner alone reads; one that is there already is kept. */
export async function ensureAuthority({ at, subject, extensions = [], days }: AuthoritySpec): Promise<void> {
  if (fs.existsSync(`${at}.crt`)) return;
  const added = ["keyUsage=critical,keyCertSign,cRLSign", ...extensions];
  await exec("openssl", [
    ...["req", "-x509", ...NEW_KEY, "-keyout", `${at}.key`, "-out", `${at}.crt.new`, "-days", String(days)],
    ...["-subj", subject, ...added.flatMap((extension) => ["-addext", extension])],
  ]);
  fs.chmodSync(`${at}.key`, 0o600);
  fs.renameSync(`${at}.crt.new`, `${at}.crt`);
}

export interface LeafSpec {
  /** Path without suffix: `.crt` and `.key` are made beside each other. */
  readonly at: string;
  /** Path of the authority, without suffix. */
  readonly authority: string;
  readonly subject: string;
  readonly extensions: readonly string[];
  readonly days: number;
  readonly signal?: AbortSignal;
}

/** A new key, and a certificate for it with a serial number of its own. */
export async function issueCertificate(spec: LeafSpec): Promise<void> {
  const { at, authority, subject, extensions, days, signal } = spec;
  await exec("openssl", ["req", ...NEW_KEY, "-keyout", `${at}.key`, "-out", `${at}.csr`, "-subj", subject], { signal });
  fs.chmodSync(`${at}.key`, 0o600);
  fs.writeFileSync(`${at}.ext`, extensions.join("\n"));
  await exec(
    "openssl",
    [
      ...["x509", "-req", "-in", `${at}.csr`, "-CA", `${authority}.crt`, "-CAkey", `${authority}.key`],
      ...["-set_serial", `0x${randomBytes(15).toString("hex")}`, "-days", String(days)],
      ...["-out", `${at}.crt.new`, "-extfile", `${at}.ext`],
    ],
    { signal },
  );
  for (const suffix of ["csr", "ext"]) fs.rmSync(`${at}.${suffix}`, { force: true });
  fs.renameSync(`${at}.crt.new`, `${at}.crt`);
}
