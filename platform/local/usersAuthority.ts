import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import type { Layout } from "./layout";
import { ensureAuthority, issueCertificate } from "./openssl";

/** The domain that the authority may vouch for: it never leaves the machine that asks. */
export const LOCAL_DOMAIN = "localhost";

const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 90;

const authority = (layout: Layout): string => path.join(layout.pki, "users-ca");

/** Certificate of the authority: what a client must trust. */
export const authorityFile = (layout: Layout): string => `${authority(layout)}.crt`;

/**
 * The authority for users' traffic, apart from the cluster's own: whoever trusts it believes no certificate of the
 * cluster, and none for a name of the world, as it may vouch for `*.localhost` alone.
 */
export async function ensureUsersAuthority(layout: Layout): Promise<void> {
  await ensureAuthority({
    at: authority(layout),
    subject: "/CN=hms-local users",
    extensions: [
      `nameConstraints=critical,permitted;DNS:${LOCAL_DOMAIN},` +
        "excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0",
    ],
    days: AUTHORITY_DAYS,
  });
}

/** The authority's certificate in PEM. @throws RefusedError when the platform has none yet. */
export function readAuthority(layout: Layout): string {
  const file = authorityFile(layout);
  if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
  throw new RefusedError(`the local platform has no certificate authority yet (${file}): run hms local up`);
}

/** A certificate with its key, both in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * A new certificate for these host names, with a key that is on disk only while openssl works.
 * @throws RefusedError when the platform has no authority yet.
 */
export async function issueForUsers(layout: Layout, hosts: readonly string[], signal?: AbortSignal): Promise<KeyPair> {
  readAuthority(layout);
  const folder = fs.mkdtempSync(path.join(layout.pki, "issue-"));
  try {
    const at = path.join(folder, "leaf");
    await issueCertificate({
      at,
      authority: authority(layout),
      // Names stand in the extension alone: a subject's name may be 64 letters long, a host's 253.
      subject: "/O=HMS local platform",
      extensions: [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
        `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`,
        "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid",
      ],
      days: CERTIFICATE_DAYS,
      ...(signal === undefined ? {} : { signal }),
    });
    return { certificate: fs.readFileSync(`${at}.crt`, "utf8"), key: fs.readFileSync(`${at}.key`, "utf8") };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
