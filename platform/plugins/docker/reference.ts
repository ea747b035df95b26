/** An image as people write it: `[registry/]repository[:tag][@digest]`. */
export interface Reference {
  /** `127.0.0.1:5000`; `docker.io` where none is written. */
  readonly registry: string;
  /** Within the registry, as its API names it. */
  readonly repository: string;
  /** Registry and repository as they were written. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

const GRAMMAR =
  /^(?<name>(?:(?<host>[a-zA-Z0-9][-a-zA-Z0-9.]*(?::\d{1,5})?)\/)?(?<path>[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*))(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

const DEFAULT_REGISTRY = "docker.io";

export function parseReference(text: string): Reference | undefined {
  const { name, host, path, tag, digest } = GRAMMAR.exec(text)?.groups ?? {};
  if (name === undefined || path === undefined) return undefined;
  // `team/app` has no registry: a first part counts as one only if it looks like a host.
  const hosted = host !== undefined && (/[.:]/.test(host) || host === "localhost");
  const written = hosted || host === undefined ? path : `${host}/${path}`;
  const registry = hosted && host !== "index.docker.io" ? host : DEFAULT_REGISTRY;
  const official = registry === DEFAULT_REGISTRY && !written.includes("/");
  return {
    registry,
    repository: official ? `library/${written}` : written,
    name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** @throws Error that says how a reference is written */
export function referenceOf(text: string): Reference {
  const parsed = parseReference(text);
  if (parsed === undefined)
    throw new Error(`"${text}" is no image reference; allowed is [registry/]repository[:tag][@sha256:digest]`);
  return parsed;
}

/** A property that must hold an image's name by now. */
export function nameIn(value: unknown): string {
  if (typeof value !== "string") throw new Error(`the image's name is no text but ${typeof value}`);
  return value;
}
