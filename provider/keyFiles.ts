import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { access, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a file once: of several makers at the same time one wins, and all go on with its content. The folder is made too.
 * @param mode who may read it. @default its owner alone
 */
export async function makeOnce(file: string, content: () => string | Buffer, mode = 0o600): Promise<void> {
  if (await exists(file)) return;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}.draft`;
  await writeFile(draft, content(), { mode });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * A key that signs (P-256, PKCS #8, PEM) and its public half beside it, each made once. Whoever comes after a maker that
 * was killed between the two makes the other half. A key that was handed out alone, in a folder where nothing may be
 * written (a Secret in a pod), stays alone: its readers do without the file.
 */
export async function makeSigningKey(file: string): Promise<void> {
  await makeOnce(file, () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  const beside = publicKeyFile(file);
  if (await exists(beside)) return;
  const pem = await readFile(file, "utf8");
  try {
    await makeOnce(beside, () => publicHalf(pem), 0o644);
  } catch (error) {
    if (!isLeftToReaders(error)) throw error;
  }
}

/** Nothing may be written here, or the file holds no key: its readers say so, who know what it is for. */
const isLeftToReaders = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^(EACCES|EPERM|EROFS|ERR_OSSL_.*)$/.test(String(error.code));

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
