import { containsUnknown, type InvokeRequest, type InvokeResult, reveal } from "../../rpc";
import { parseReference } from "./reference";
import { lookUp } from "./registry";
import { stateOf } from "./remoteImage";
import type { Session } from "./session";

type Lookup = (name: string, session: Session, signal: AbortSignal) => Promise<object>;

const LOOKUPS: Readonly<Record<string, Lookup>> = {
  /** Digest of an image in its registry, without Docker. */
  "docker:index/getRegistryImage:getRegistryImage": async (name, session, signal) => {
    const reference = parseReference(name);
    if (reference === undefined) throw new Error(`"${name}" is no image reference`);
    const found = await lookUp(reference, session.credentials.forRegistry(reference.registry), signal);
    if (!found.found) throw new Error(`no digest for ${name}: ${found.reason}`);
    return { id: found.digest, name, sha256Digest: found.digest };
  },
  /** Id and digest of an image that the Docker Engine has. */
  "docker:index/getRemoteImage:getRemoteImage": async (name, session, signal) => {
    const { imageId, repoDigest } = await stateOf(name, { session, signal });
    return { id: imageId, name, repoDigest };
  },
};

export async function invoke(token: string, { args, signal }: InvokeRequest, session: Session): Promise<InvokeResult> {
  const lookup = LOOKUPS[token];
  if (lookup === undefined) {
    throw new Error(`${token}: this stand-in for the docker plugin has ${Object.keys(LOOKUPS).join(", ")}`);
  }
  const { name } = reveal(args);
  if (containsUnknown(args) || typeof name !== "string") throw new Error(`${token}: name must be a known text`);
  return { result: await lookup(name, session, signal) };
}
