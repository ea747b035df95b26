import { imagesOf } from "../admission/review";
import { plaintextSecrets, plaintextSecretsIn } from "../podEnv";

/** What is known of the pods that an action brings; a fact that nobody knows yet is left out, and judged later. */
export interface PermissionFacts {
  /** `signed`: whether a key that counts has signed it. */
  readonly images?: readonly { readonly name: string; readonly signed?: boolean }[];
  /** Where a secret stands in plain text: the variable, and of what. Never its value. */
  readonly plaintext?: readonly string[];
}

/** Of a pod, as policy pack and admission see it. @param signed images whose signature was looked at, with the answer. */
export function podFacts(podSpec: unknown, signed: ReadonlyMap<string, boolean> = new Map()): PermissionFacts {
  return {
    images: imagesOf(podSpec).map((name) => {
      const known = signed.get(name);
      return { name, ...(known === undefined ? {} : { signed: known }) };
    }),
    plaintext: plaintextSecrets(podSpec).map(({ variable, container }) => `${variable} of container ${container}`),
  };
}

/** Of a service, as its stack's file says it: what will be built has no image yet. */
export function serviceFacts({
  name,
  image,
  env,
}: {
  readonly name: string;
  readonly image?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}): PermissionFacts {
  return {
    ...(image === undefined ? {} : { images: [{ name: image }] }),
    plaintext: plaintextSecretsIn(env).map(({ variable }) => `${variable} of service ${name}`),
  };
}
