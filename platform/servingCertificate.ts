import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { exec } from "./exec";
import type { CertificatePair } from "../core/tls/certificate";

/** Longer than a cluster's life: where it ends, everything that it guards stops. It is renewed long before. */
const DAYS = 3650;

/**
 * A certificate that vouches for itself, for a server whose only client is told of this very certificate. The key is on
 * disk only while openssl works.
 */
export async function selfSigned(host: string, signal?: AbortSignal): Promise<CertificatePair> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hms-serving-"));
  const at = path.join(folder, "leaf");
  try {
    await exec(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-keyout", `${at}.key`, "-out", `${at}.crt`, "-days", String(DAYS), "-subj", "/O=HMS admission"],
        ...["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth"]
          .concat(`subjectAltName=DNS:${host}`)
          .flatMap((extension) => ["-addext", extension]),
      ],
      { signal },
    );
    return { certificate: fs.readFileSync(`${at}.crt`, "utf8"), key: fs.readFileSync(`${at}.key`, "utf8") };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
