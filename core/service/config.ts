import { z } from "zod";
import { field, mapOf, mapWith, text, type Pattern } from "./field";

/** Where a file of a service's configuration comes from; paths are relative to the folder of service.yaml. */
export type FileSource = { readonly text: string } | { readonly file: string } | { readonly folder: string };

/** Files that a release brings beside its image, and the folder in which its pods see them. */
export interface ServiceFiles {
  /** Absolute path in the container. */
  readonly mount: string;
  /** Path below `mount` -> where the content comes from; a folder's files keep their own paths below it. */
  readonly files: Readonly<Record<string, FileSource>>;
}

const isStep = (step: string): boolean => /^[-._A-Za-z0-9]+$/.test(step) && step !== "." && !step.includes("..");

const FILE_PATH: Pattern = {
  pattern: { test: (path) => path === "." || path.split("/").every(isStep) },
  longest: 100,
  allowed:
    "a path below the mount, of at most 100 letters, digits, hyphens, dots and underscores, with / between folders and no two dots in a row",
  advice: "write it as pods are to see it, such as data.json or rates/2026.json",
};

/** Whether a file may have this path below the mount; `.` is the mount itself. */
export const isFilePath = (path: string): boolean =>
  path !== "." && path.length <= (FILE_PATH.longest ?? Infinity) && FILE_PATH.pattern.test(path);

const FORBIDDEN_MOUNT = /^\/(?:proc|sys|dev|var\/run\/secrets|run\/secrets)(?:\/|$)/;
const mount = text({
  pattern: {
    test: (path) => /^(?:\/(?!\.{1,2}(?:\/|$))[-._A-Za-z0-9]+)+$/.test(path) && !FORBIDDEN_MOUNT.test(path),
  },
  longest: 200,
  allowed: "an absolute path in the container, not / itself and not below /proc, /sys, /dev or /run/secrets",
  advice: "write the folder in which the service looks for its files, such as /config",
});

const relative = (what: string) =>
  field({ allowed: `the relative path of a ${what}`, advice: "write it from the folder of service.yaml" }, (value) =>
    typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined,
  );

const KINDS = ["text", "file", "folder"] as const;
const ONE_SOURCE = {
  allowed: "exactly one of text, file and folder",
  advice: "write text: with the content itself, file: with a path, or folder: to take each file of a folder",
};

const source = mapWith({
  text: field({ allowed: "a text", advice: "put it in quotes, or after |" }, (value) =>
    typeof value === "string" ? { value } : undefined,
  )
    .transform(({ value }) => value)
    .exactOptional(),
  file: relative("file").exactOptional(),
  folder: relative("folder").exactOptional(),
}).transform((given, context): FileSource => {
  const { text, file, folder } = given;
  if (KINDS.filter((kind) => given[kind] !== undefined).length === 1) {
    if (text !== undefined) return { text };
    if (file !== undefined) return { file };
    if (folder !== undefined) return { folder };
  }
  context.addIssue({ code: "custom", params: ONE_SOURCE });
  return z.NEVER;
});

function rootIsFolder(files: Readonly<Record<string, FileSource | null>>, context: z.RefinementCtx): void {
  const root = files["."];
  if (root === undefined || root === null || "folder" in root) return;
  const params = { got: "a file", allowed: "a folder, for . is the mount itself", advice: "name the file" };
  context.addIssue({ code: "custom", path: ["."], params });
}

const givenFiles = mapOf(FILE_PATH, source).superRefine(rootIsFolder);
const MOUNT = "/config";

/** `config` of a service.yaml. null: every stack must give the file. */
export const configSchema = mapWith({
  mount: mount.default(MOUNT),
  files: mapOf(FILE_PATH, source.nullable()).superRefine(rootIsFolder),
});

/** `config` of a service that stands in a stack file as a whole. */
export const inlineConfigSchema = mapWith({ mount: mount.default(MOUNT), files: givenFiles });

/** `config` of a stack's entry: other content for files that the service declares. */
export const configOverridesSchema = mapWith({ files: givenFiles });

export type ConfigDefinition = Readonly<z.output<typeof configSchema>>;
export type ConfigOverrides = Readonly<z.output<typeof configOverridesSchema>>;

/** Files that the service leaves to its stacks and that this one does not give. */
export const missingFiles = (defined: ConfigDefinition | undefined, given: ConfigOverrides | undefined): string[] =>
  Object.entries(defined?.files ?? {})
    .filter(([path, source]) => source === null && given?.files[path] === undefined)
    .map(([path]) => path);

/** What a stack gives replaces what the service has, file by file. `absolute` resolves a path from the service's folder. */
export function mergeFiles(
  defined: ConfigDefinition | undefined,
  given: ConfigOverrides | undefined,
  absolute: (relative: string) => string,
): ServiceFiles | undefined {
  if (!defined) return undefined;
  const files = Object.entries({ ...defined.files, ...given?.files }).flatMap(([path, source]) =>
    source === null ? [] : [[path, resolved(source, absolute)] as const],
  );
  return files.length === 0 ? undefined : { mount: defined.mount, files: Object.fromEntries(files) };
}

function resolved(source: FileSource, absolute: (relative: string) => string): FileSource {
  if ("file" in source) return { file: absolute(source.file) };
  return "folder" in source ? { folder: absolute(source.folder) } : source;
}
