import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { listContext } from "../../buildContext/files";
import { isProperties, type Properties, type Value } from "../../rpc";
import { tarOf, type TarFile } from "./tar";

/** What is sent to the builder, and how; plain values. */
export interface BuildSpec {
  readonly context: string;
  /** As the program wrote it: relative to the project, or absolute. */
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly network?: string;
  readonly addHosts: readonly string[];
  readonly cacheFrom: readonly string[];
}

/** Reads the `build` property of an image, revealed and known. */
export function buildSpecOf(build: Value | undefined): BuildSpec {
  const given = isProperties(build) ? build : {};
  const context = (typeof build === "string" ? build : textOf(given.context)) ?? ".";
  const optional = (name: "target" | "platform" | "network") => {
    const value = textOf(given[name]);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    context,
    dockerfile: textOf(given.dockerfile) ?? join(context, "Dockerfile"),
    args: isProperties(given.args) ? textsByName(given.args) : {},
    ...optional("target"),
    ...optional("platform"),
    ...optional("network"),
    addHosts: textsOf(given.addHosts),
    cacheFrom: isProperties(given.cacheFrom) ? textsOf(given.cacheFrom.images) : [],
  };
}

const textOf = (value: Value | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const textsOf = (value: Value | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
const textsByName = (values: Properties): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );

export interface PackedContext {
  /** Of everything in the archive that can decide the image. */
  readonly digest: string;
  /** Path of the Dockerfile in the archive. */
  readonly dockerfile: string;
  readonly archive: () => AsyncGenerator<Buffer>;
}

/** What is wrong with the folder and the Dockerfile, by property. */
export async function contextProblems(
  spec: BuildSpec,
): Promise<readonly (readonly [property: string, reason: string])[]> {
  const context = await stat(spec.context).catch(() => undefined);
  if (context?.isDirectory() !== true) return [["build.context", `must be a folder, got ${spec.context}`]];
  const dockerfile = await stat(spec.dockerfile).catch(() => undefined);
  if (dockerfile?.isFile() !== true) return [["build.dockerfile", `must be a file, got ${spec.dockerfile}`]];
  return [];
}

/** Lists and digests the context. A Dockerfile outside of it goes along under a name that nothing else has. */
export async function packContext(spec: BuildSpec): Promise<PackedContext> {
  const inside = relative(resolve(spec.context), resolve(spec.dockerfile)).split(sep).join("/");
  const outside = inside.startsWith("../") || isAbsolute(inside);
  const listed = await listContext(spec.context, outside ? "" : inside);
  const extra: readonly TarFile[] = outside ? [{ path: OUTSIDE, content: await fileContent(spec.dockerfile) }] : [];
  const dockerfile = outside ? OUTSIDE : inside;
  const sent = [...listed, ...extra];
  const deciding = [...listed.filter(({ path, ignored }) => !ignored || path === dockerfile), ...extra];
  const hash = createHash("sha256");
  for await (const chunk of tarOf(deciding)) hash.update(chunk);
  hash.update(dockerfile);
  return { digest: hash.digest("hex"), dockerfile, archive: () => tarOf(sent) };
}

const OUTSIDE = ".dockerfile-from-outside-the-context";

async function fileContent(path: string): Promise<TarFile["content"]> {
  const { size } = await stat(path);
  return { kind: "file", absolute: resolve(path), executable: false, size };
}
