import { z } from "zod";
import { asString } from "../../core/json";
import { factsOf, judgeCertificate } from "../../core/tls/certificate";
import type { Properties, ResourceHandler } from "../../platform/rpc";
import { selfSigned } from "../../platform/servingCertificate";
import type { Session } from "../session";
import { readPair, removePair, writePair } from "../tls/certificateSecret";
import { diffOf } from "./diff";
import { resourceId, splitId } from "./id";
import { inputFailures, parseInputs } from "./inputs";

const name = z.string().min(1);

export const servingCertificateInputs = z.strictObject({
  /** What it is for, as a label of its Secret. */
  service: name,
  namespace: name,
  /** Name that clients ask for. */
  host: name,
  secret: name,
  /** Computed by Check, so that a certificate to be renewed shows as a change of a known input. */
  state: z.string().optional(),
});

const GOOD = "valid";

/**
 * `hms:tls:ServingCertificate`: a certificate that vouches for itself, in a Secret, for a server inside the cluster whose
 * clients are told of it. State and outputs have the certificates alone; the key is in the Secret. `bundle` holds the
 * one before too, for as long as a server may still show that.
 */
export function servingCertificate(session: Session): ResourceHandler {
  const ensure = async (inputs: Properties, signal: AbortSignal): Promise<Properties> => {
    const { service, namespace, secret, host } = parseInputs(servingCertificateInputs, inputs);
    const place = { namespace, secret };
    const standing = await readPair(session.kube, place);
    const verdict = standing && judgeCertificate(standing, { hosts: [host] }, new Date());
    if (standing && verdict?.state === "valid") return { ...inputs, ...outputsOf([standing.certificate]) };
    const pair = await selfSigned(host, signal);
    await writePair(session.kube, place, service, pair, signal);
    const before = standing && verdict?.state === "due" ? [standing.certificate] : [];
    return { ...inputs, ...outputsOf([pair.certificate, ...before]) };
  };
  return {
    check: ({ news }) => ({
      inputs: { ...news, state: GOOD },
      failures: inputFailures(servingCertificateInputs, news),
    }),
    diff({ olds, news }) {
      const keys = { update: ["host", "state"], replace: ["service", "namespace", "secret"] };
      return { ...diffOf(olds, news, keys), deleteBeforeReplace: true };
    },
    async create({ inputs, preview, signal }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const id = resourceId(parseInputs(servingCertificateInputs, inputs));
      return { id, outputs: await ensure(inputs, signal), refreshBeforeUpdate: true };
    },
    async update({ inputs, preview, signal }) {
      return { outputs: preview ? inputs : await ensure(inputs, signal), refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const { secret = "", host = "" } = servingCertificateInputs.partial().parse(inputs);
      const pair = await readPair(session.kube, { namespace, secret });
      if (!pair) return undefined;
      const verdict = judgeCertificate(pair, { hosts: [host] }, new Date());
      const foreign = verdict.state === "valid" && olds.serial !== factsOf(pair.certificate).serial;
      const state = foreign
        ? "replaced: another certificate lies in the Secret"
        : verdict.state === "valid"
          ? GOOD
          : `${verdict.state}: ${verdict.why}`;
      const seen = { service, namespace, state };
      return { id, inputs: { ...inputs, ...seen }, outputs: { ...olds, ...seen }, refreshBeforeUpdate: true };
    },
    async delete({ id, olds }) {
      const { namespace, service } = splitId(id);
      await removePair(session.kube, { namespace, secret: asString(olds.secret) ?? "" }, service);
    },
  };
}

const outputsOf = (certificates: readonly string[]) => ({
  bundle: Buffer.from(certificates.join("")).toString("base64"),
  serial: factsOf(certificates[0] ?? "").serial,
});
