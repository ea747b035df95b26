import { z } from "zod";
import { shortKey } from "../../core/attest/keys";
import { signerSchema, trustSchema } from "../../core/attest/wish";
import type { Log, Properties, ResourceHandler } from "../../platform/rpc";
import { containsUnknown } from "../../platform/rpc/values";
import { keysOf, signerFor } from "../attest/keys";
import { sign } from "../attest/sign";
import { verify } from "../attest/verify";
import { Refusal } from "../rollout/errors";
import { diffOf } from "./diff";
import { inputFailures, parseInputs } from "./inputs";

export const signedImageInputs = z.strictObject({
  /** By digest. */
  image: z.string().min(1),
  service: z.string().min(1),
  /** Whether it was built here, so that it is ours to sign. */
  built: z.boolean(),
  signer: signerSchema.exactOptional(),
  ...trustSchema.shape,
});

/**
 * `hms:image:SignedImage`: an image that a listed key vouches for. One that was built here is signed first; then it is
 * verified, whoever signed it. What takes its output instead of the image runs nothing unverified. Signatures stay when
 * it goes: they belong to the image.
 */
export function signedImage(): ResourceHandler {
  const ensure = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const wish = parseInputs(signedImageInputs, inputs);
    const signer = wish.built ? await signerFor(wish, signal) : undefined;
    if (signer !== undefined) {
      log.status(`signing with key ${shortKey(signer.keyId)}`);
      await sign(wish.image, signer, signal);
    }
    return { ...inputs, key: await keyThatSigned(wish, signal) };
  };
  const look = async (inputs: Properties, signal: AbortSignal): Promise<Properties> => {
    // What is built is signed when it is; what is named by its digest is refused before anything is begun.
    if (containsUnknown(inputs)) return inputs;
    const wish = parseInputs(signedImageInputs, inputs);
    if (!wish.built) await keyThatSigned(wish, signal);
    return inputs;
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(signedImageInputs, news) }),
    diff: ({ olds, news }) => diffOf(olds, news, { update: Object.keys(signedImageInputs.shape) }),
    async create({ inputs, preview, signal, log, name }) {
      if (preview) return { id: "", outputs: await look(inputs, signal) };
      return { id: name, outputs: await ensure(inputs, signal, log) };
    },
    async update({ inputs, preview, signal, log }) {
      return { outputs: preview ? await look(inputs, signal) : await ensure(inputs, signal, log) };
    },
    read: ({ id, inputs, olds }) => ({ id, inputs, outputs: olds }),
    delete: () => undefined,
  };
}

/** Id of the key. @throws Refusal with what is wrong with the image. */
async function keyThatSigned(wish: z.infer<typeof signedImageInputs>, signal: AbortSignal): Promise<string> {
  const demands = { attestations: wish.attestations, tag: true };
  const verdict = await verify(wish.image, await keysOf(wish), demands, signal);
  if (verdict.ok) return verdict.keyId;
  throw new Refusal(`${wish.service}: ${verdict.message}. Nothing was changed for it`);
}
