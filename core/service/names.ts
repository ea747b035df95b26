import type { Pattern } from "./field";

/** Names that Kubernetes, OCI registries and shells accept, each with the words for when one is not. */
export const SERVICE_NAME: Pattern = {
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  longest: 40,
  allowed: "at most 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
  advice: "choose such a name; its workloads are called <name>-blue and <name>-green",
};

export const DNS_LABEL: Pattern = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  longest: 63,
  allowed: "at most 63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen",
  advice: "choose such a name",
};

export const SECRET_NAME: Pattern = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  longest: 253,
  allowed: "the name of a Kubernetes Secret (lower-case letters, digits, hyphens and dots)",
  advice: "name the Secret, never its content",
  hidden: true,
};

export const SECRET_KEY: Pattern = {
  pattern: /^[-._a-zA-Z0-9]+$/,
  longest: 253,
  allowed: "a key of that Secret (letters, digits, hyphens, dots and underscores)",
  advice: "name the key, never its content",
  hidden: true,
};

export const VARIABLE_NAME: Pattern = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  longest: 253,
  allowed: "the name of an environment variable (letters, digits and underscores, not beginning with a digit)",
  advice: "rename it",
};

export const LABEL_KEY: Pattern = {
  pattern: /^(?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
  longest: 317,
  allowed: "a Kubernetes label key (up to 63 letters, digits, hyphens, dots and underscores, with an optional prefix/)",
  advice: "rename it",
};

export const LABEL_VALUE: Pattern = {
  pattern: /^(?:[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?$/,
  longest: 63,
  allowed: "a Kubernetes label value (up to 63 letters, digits, hyphens, dots and underscores)",
  advice: "shorten or rewrite it; put it in quotes if it looks like a number",
};

/** An OCI tag. */
export const TAG: Pattern = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
  longest: 128,
  allowed: "an OCI tag (up to 128 letters, digits, dots, hyphens and underscores, not beginning with a dot or hyphen)",
  advice: "choose such a tag, or leave it out for the commit's short SHA",
};

/** `registry/repository[:tag]@sha256:<64 hex digits>` */
export const PINNED_IMAGE: Pattern = {
  pattern:
    /^(?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?@sha256:[0-9a-f]{64}$/,
  allowed: "an image with its digest, <registry>/<repository>@sha256:<64 hex digits>",
  advice: "a tag may move, so write the digest, as `docker push` and the registry show it",
};

/** Path of a request, as it stands in the request line. */
export const REQUEST_PATH: Pattern = {
  pattern: /^\/[\x21-\x22\x24-\x7e]*$/,
  longest: 2000,
  allowed: "a path that begins with / and has no spaces and no #",
  advice: "write it as in the URL, for example /health",
};

export const HEADER_NAME: Pattern = {
  pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  longest: 256,
  allowed: "the name of an HTTP header",
  advice: "rename it",
};
