import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { madeBy, type ImageSigner, type TrustedKeys } from "./keys";

const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string().default(""), sig: z.base64() })).min(1),
});
export type Envelope = Readonly<z.infer<typeof envelopeSchema>>;

/** What an envelope holds, and who vouches for it. */
export type Opened =
  | { readonly ok: true; readonly payload: Buffer; readonly keyId: string }
  /** `broken`: no envelope of that type. `altered`: a trusted key says to have signed, and has not signed this. */
  | { readonly ok: false; readonly problem: "broken" | "altered" | "other-key"; readonly keyIds: readonly string[] };

/** The bytes that a DSSE signature is made over: type and payload with their lengths, so that neither passes for the other. */
export const preAuthentication = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);

/** An envelope as it is stored. */
export async function sealEnvelope(type: string, payload: Buffer, signer: ImageSigner): Promise<Buffer> {
  const signature = await signer.sign(preAuthentication(type, payload));
  const envelope: Envelope = {
    payloadType: type,
    payload: payload.toString("base64"),
    signatures: [{ keyid: signer.keyId, sig: signature.toString("base64") }],
  };
  return Buffer.from(canonicalJson(envelope));
}

/** The payload, if one of these keys signed it as a payload of this type. */
export function openEnvelope(bytes: Uint8Array, type: string, keys: TrustedKeys): Opened {
  const envelope = readEnvelope(bytes);
  if (envelope?.payloadType !== type) return { ok: false, problem: "broken", keyIds: [] };
  const payload = Buffer.from(envelope.payload, "base64");
  const signed = preAuthentication(type, payload);
  for (const { sig } of envelope.signatures) {
    const keyId = madeBy(keys, signed, Buffer.from(sig, "base64"));
    if (keyId !== undefined) return { ok: true, payload, keyId };
  }
  const keyIds = envelope.signatures.map(({ keyid }) => keyid).filter((id) => id !== "");
  return { ok: false, problem: keyIds.some((id) => keys.has(id)) ? "altered" : "other-key", keyIds };
}

function readEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return envelopeSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return undefined;
  }
}
