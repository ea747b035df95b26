import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { access, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a file that only its owner may read, once: of several makers at the same time one wins, and all go on with its
 * content. The folder is made too.
 */
export async function makeOnce(file: string, content: () => string | Buffer): Promise<void> {
  if (await exists(file)) return;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}.draft`;
  await writeFile(draft, content(), { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A key that signs (P-256, PKCS #8, PEM) and its public half beside it, made once. */
export async function makeSigningKey(file: string): Promise<void> {
  if (await exists(file)) return;
  await makeOnce(file, () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  await writeFile(publicKeyFile(file), publicHalf(await readFile(file, "utf8")));
}

/** File with the public half of a key of ours. */
export const publicKeyFile = (key: string): string => key.replace(/(\.pem)?$/, ".pub.pem");

/** @param pem of the private key. */
export const publicHalf = (pem: string): string =>
  createPublicKey(pem).export({ type: "spki", format: "pem" }).toString();

export const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
