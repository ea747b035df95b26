import { loadStackFile } from "../../config/stackFile";
import type { SigningWish } from "../../core/attest/wish";
import { projectRoot } from "../../platform/home";
import { RefusedError } from "../../platform/errors";
import { namedImage } from "../../provider/attest/image";
import { keysOf, signerFor } from "../../provider/attest/keys";
import { sign as signImage } from "../../provider/attest/sign";
import { verify as verifyImage } from "../../provider/attest/verify";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation } from "../command";
import { askOnStack } from "../permission";
import { stackOf } from "../stack";
import { STACK_OPTION } from "./status";

const IMAGE = { syntax: "<image>", description: "<registry>/<repository>@sha256:<digest>" };

const imageIn = (invocation: Invocation): string => {
  const image = invocation.argument(0);
  if (image === undefined) throw new UsageError("name an image: <registry>/<repository>@sha256:<digest>");
  return image;
};

/** @throws RefusedError for a stack that says nothing of signatures. */
function signingOf(stack: string): SigningWish {
  const { signing } = loadStackFile(projectRoot(), stack);
  if (signing !== undefined) return signing;
  throw new RefusedError(`stack ${stack} has no hms:signing, so no key counts there; write it in Pulumi.${stack}.yaml`);
}

const sign: Command = {
  name: "image sign",
  summary: "Sign an image that somebody else built, by its digest, with the signer of a stack.",
  arguments: [IMAGE],
  options: [{ flags: STACK_OPTION.flags, description: "stack whose signer signs" }],
  examples: ["hms image sign registry.example.gov/policies/benefit@sha256:… --stack prod"],
  async run(invocation, io) {
    const image = imageIn(invocation);
    const stack = stackOf(invocation.required("stack"));
    const signing = signingOf(stack);
    await askOnStack("image-sign", stack, [namedImage(image, io.env).repository], io);
    const signer = await signerFor(signing, io.signal, io.env);
    if (signer === undefined)
      throw new RefusedError(`hms:signing of stack ${stack} names no signer; sign where the key is, or write signer`);
    io.err.write(`${await signImage(image, signer, io.signal)} by key ${signer.keyId}\n`);
  },
};

const verify: Command = {
  name: "image verify",
  summary: "Say whether an image may run in a stack, as a deploy and the cluster would.",
  arguments: [IMAGE],
  options: [{ flags: STACK_OPTION.flags, description: "stack whose keys count" }, JSON_OPTION],
  examples: ["hms image verify registry.example.gov/policies/benefit@sha256:… --stack prod   # 0 yes, 1 no"],
  async run(invocation, io) {
    const image = imageIn(invocation);
    const wish = signingOf(stackOf(invocation.required("stack")));
    const keys = await keysOf(wish, io.env);
    const demands = { attestations: wish.attestations, tag: true };
    const verdict = await verifyImage(image, keys, demands, io.signal);
    const asJson = invocation.flag("json");
    if (verdict.ok || asJson)
      answer(io, asJson, verdict, () => (verdict.ok ? `${image} is signed by key ${verdict.keyId}` : ""));
    if (!verdict.ok) throw new RefusedError(verdict.message);
  },
};

export const imageCommands: readonly Command[] = [sign, verify];
