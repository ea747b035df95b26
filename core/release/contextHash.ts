import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { listContext } from "../../platform/buildContext/files";
import { sha256 } from "../sha256";

/** What decides the image that a context builds, file by file. */
export type HashedFile =
  | { readonly path: string; readonly kind: "file"; readonly executable: boolean; readonly sha256: string }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

export interface HashedContext {
  readonly files: readonly HashedFile[];
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** SHA-256 in hex. The order of files and arguments is of no consequence, nor is where the context lies. */
export function digestOf(context: HashedContext): string {
  const files = context.files.map((file) =>
    file.kind === "file" ? [file.path, file.kind, file.executable, file.sha256] : [file.path, file.kind, file.target],
  );
  const args = Object.entries(context.buildArgs);
  const canonical = JSON.stringify([files.sort(byFirst), context.dockerfile, args.sort(byFirst)]);
  return sha256(canonical);
}

const byFirst = ([a = ""]: readonly unknown[], [b = ""]: readonly unknown[]): number =>
  String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;

export interface ContextSource {
  /** Absolute path of the folder. */
  readonly context: string;
  /** Relative to the context. */
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/**
 * Digest of what a builder would get of `source`: equal for two clones of the same commit. What the Dockerfile pulls from a
 * registry is not part of it.
 */
export async function hashContext(source: ContextSource): Promise<string> {
  await mustBe("folder", source.context, "build context");
  await mustBe("file", `${source.context}/${source.dockerfile}`, "Dockerfile");
  const dockerfile = source.dockerfile.replace(/^(\.\/)+/, "");
  const listed = await listContext(source.context, dockerfile);
  const files: HashedFile[] = [];
  for (const { path, ignored, content } of listed) {
    if (ignored && path !== dockerfile) continue;
    if (content.kind === "link") files.push({ path, kind: "link", target: content.target });
    else
      files.push({ path, kind: "file", executable: content.executable, sha256: await digestOfFile(content.absolute) });
  }
  return digestOf({ files, dockerfile, buildArgs: source.buildArgs });
}

async function mustBe(kind: "file" | "folder", path: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && (kind === "file" ? found.isFile() : found.isDirectory())) return;
  const got = found === undefined ? "nothing" : "something else";
  throw new Error(`${what} ${path}: got ${got} there; allowed is a ${kind}; correct image in the service.yaml`);
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
