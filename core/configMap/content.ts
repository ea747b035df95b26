import { canonicalJson } from "../canonicalJson";
import type { ReleaseSpec } from "../rollout/release";
import { sha256 } from "../sha256";

/** What one ConfigMap holds. */
export interface ConfigContent {
  /** UTF-8 texts. */
  readonly data: Readonly<Record<string, string>>;
  /** Everything else, in base64. */
  readonly binaryData: Readonly<Record<string, string>>;
}

/** The part of a release that its ConfigMap holds. */
export type Configured = Pick<ReleaseSpec, "env" | "config">;

const HASH_DIGITS = 12;

/**
 * The ConfigMap of a release, named from its content: variables by their values, files by their SHA-256. So two
 * releases share one if and only if they are configured alike, and none ever has another content.
 */
export function configMapName(service: string, { env, config }: Configured): string {
  const content = canonicalJson({ env, files: config?.files ?? {} });
  return `${service}-config-${sha256(content).slice(0, HASH_DIGITS)}`;
}

/** Whether a name is one that `configMapName` gives for this service; no other ConfigMap is ever removed. */
export const isConfigMapOf = (service: string, name: string): boolean =>
  name.startsWith(`${service}-config-`) && /^[0-9a-f]{12}$/.test(name.slice(service.length + "-config-".length));

/** Keys have no slash; no path has two dots in a row, so this one can be read back. */
export const fileKey = (path: string): string => path.replaceAll("/", "..");

/** @param files path -> bytes; those that the release names. */
export function contentOf({ env }: Configured, files: ReadonlyMap<string, Uint8Array>): ConfigContent {
  // Maps: `toString` and `__proto__` are names of files as good as others.
  const data = new Map(Object.entries(env));
  const binaryData = new Map<string, string>();
  for (const [path, bytes] of files) {
    const text = textOf(bytes);
    if (text === undefined) binaryData.set(fileKey(path), Buffer.from(bytes).toString("base64"));
    else data.set(fileKey(path), text);
  }
  return { data: Object.fromEntries(data), binaryData: Object.fromEntries(binaryData) };
}

/** What is wrong with a ConfigMap that should hold a release's configuration; `undefined` when nothing is. */
export function contentProblem({ env, config }: Configured, content: ConfigContent): string | undefined {
  const files = Object.entries(config?.files ?? {});
  for (const [name, value] of Object.entries(env)) if (content.data[name] !== value) return `${name} has another value`;
  for (const [path, digest] of files) {
    const bytes = bytesOf(content, fileKey(path));
    if (bytes === undefined) return `${path} is missing`;
    if (sha256(bytes) !== digest) return `${path} has another content`;
  }
  const known = new Set([...Object.keys(env), ...files.map(([path]) => fileKey(path))]);
  const more = [...Object.keys(content.data), ...Object.keys(content.binaryData)].find((key) => !known.has(key));
  return more === undefined ? undefined : `${more} was added`;
}

function bytesOf({ data, binaryData }: ConfigContent, key: string): Uint8Array | undefined {
  const [text, encoded] = [data, binaryData].map((map) => (Object.hasOwn(map, key) ? map[key] : undefined));
  if (text !== undefined) return Buffer.from(text, "utf8");
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
}

/** `undefined` for bytes that are not UTF-8. A byte order mark stays: what pods read is what the file has. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
