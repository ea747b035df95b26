import { parseReference } from "../../platform/plugins/docker/reference";
import { CredentialStore } from "../../platform/plugins/docker/credentials";
import { RefusedError } from "../../platform/errors";
import { RegistryClient } from "../../platform/registry/client";
import type { Subject } from "../../core/attest/judge";

/** An image as somebody named it, and where to ask for it. */
export interface NamedImage {
  /** As it was written. */
  readonly text: string;
  readonly registry: RegistryClient;
  /** Within the registry. */
  readonly path: string;
  /** Registry and repository, without tag, as it was written. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** @throws RefusedError for what is no reference of an image. */
export function namedImage(text: string, env: NodeJS.ProcessEnv = process.env): NamedImage {
  const parsed = parseReference(text);
  if (parsed === undefined)
    throw new RefusedError(
      `"${text.slice(0, 200)}" is no image; allowed is <registry>/<repository>@sha256:<64 hex digits>`,
    );
  const { registry, repository, name, tag, digest } = parsed;
  const credentials = CredentialStore.load(undefined, env).forRegistry(registry);
  return {
    text,
    registry: new RegistryClient(registry, credentials),
    path: repository,
    repository: name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The image by its digest. @throws RefusedError when it is named by a tag alone. */
export function subjectOf({ text, repository, digest }: NamedImage): Subject {
  if (digest !== undefined) return { repository, digest };
  throw new RefusedError(
    `${text} names no digest, and only a digest can be signed; write <repository>@sha256:<digest>`,
  );
}
