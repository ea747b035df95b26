/** Type tokens of the Kubernetes package, and the objects they stand for. */
import { isProperties, reveal, type Properties } from "../../rpc";

export interface ObjectType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Tokens that are not objects of the API: they are made of other resources, or of charts. */
const COMPOSITE = /^kubernetes:(yaml|helm\.sh|kustomize|helm)(\/|:)/;

/**
 * `kubernetes:apps/v1:Deployment` -> apps/v1 Deployment; the core group, which has no name in the API, is `core` in tokens.
 * @throws Error that names a type this plugin does not have.
 */
export function objectTypeOf(token: string): ObjectType {
  const [provider, group = "", kind = ""] = token.split(":");
  if (provider !== "kubernetes" || !group || !kind) throw new Error(`${token} is not a type of the Kubernetes package`);
  if (COMPOSITE.test(token)) throw unsupported(token, "charts, kustomizations and YAML sets");
  if (/(^|[a-z])List$/.test(kind)) throw unsupported(token, "list kinds; declare the items one by one");
  return { apiVersion: group.startsWith("core/") ? group.slice("core/".length) : group, kind };
}

/** The inputs' own apiVersion and kind where they have one, as custom resources do. @throws Error for a Patch resource. */
export function objectTypeIn(token: string, inputs: Properties): ObjectType {
  const type = objectTypeOf(token);
  const { apiVersion, kind } = reveal(inputs);
  if (typeof kind === "string" && type.kind === `${kind}Patch`) throw unsupported(token, "Patch kinds");
  return {
    apiVersion: typeof apiVersion === "string" ? apiVersion : type.apiVersion,
    kind: typeof kind === "string" ? kind : type.kind,
  };
}

function unsupported(token: string, what: string): Error {
  return new Error(`${token} is not supported by this stand-in for the Kubernetes provider: it has no ${what}`);
}

/** An id is `namespace/name`, or `name` for objects outside namespaces. */
export function parseId(id: string): { readonly name: string; readonly namespace?: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

export function idOf(object: { readonly metadata: { readonly name?: string; readonly namespace?: string } }): string {
  const { name = "", namespace } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** `metadata` of an input, plain; empty where there is none. */
export function metadataOf(inputs: Properties): Properties {
  const metadata = reveal(inputs).metadata;
  return isProperties(metadata) ? metadata : {};
}

export function annotationsOf(inputs: Properties): Properties {
  const annotations = metadataOf(inputs).annotations;
  return isProperties(annotations) ? annotations : {};
}
