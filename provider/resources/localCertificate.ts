import { z } from "zod";
import { asString } from "../../core/json";
import type { CertificateFacts } from "../../core/tls/certificate";
import type { Properties, ResourceHandler } from "../../platform/rpc";
import { loadLayout } from "../../platform/local/layout";
import { readAuthority } from "../../platform/local/usersAuthority";
import { messageOf } from "../rollout/errors";
import type { Session } from "../session";
import { removePair } from "../tls/certificateSecret";
import { ensureLocal, standingCertificate } from "../tls/local";
import { untilServed } from "../tls/served";
import { diffOf } from "./diff";
import { resourceId, splitId } from "./id";
import { inputFailures, parseInputs } from "./inputs";

const name = z.string().min(1);

export const localCertificateInputs = z.strictObject({
  service: name,
  namespace: name,
  /** Host names that it is for, all below localhost. */
  hosts: z.array(z.string().regex(/^[a-z0-9.-]+\.localhost$/, "must be a name below localhost")).min(1),
  secret: name,
  /** Where the local gateway serves it. */
  port: z.number().int().min(1).max(65_535),
  /** Computed by Check, so that a certificate to be renewed shows as a change of a known input. */
  state: z.string().optional(),
});

const GOOD = "valid";

/**
 * `hms:tls:LocalCertificate`: a certificate of the local platform's authority, in a Secret. State and outputs have its
 * fingerprint and dates; the key is in the Secret alone. It is made again when it is due, does not fit, or is gone.
 */
export function localCertificate(session: Session): ResourceHandler {
  const ensure = async (inputs: Properties, signal: AbortSignal): Promise<Properties> => {
    const wish = parseInputs(localCertificateInputs, inputs);
    return { ...inputs, ...outputsOf(await ensureLocal(session.kube, loadLayout(), wish, signal)) };
  };
  return {
    check: ({ news }) => ({
      inputs: { ...news, state: GOOD },
      failures: inputFailures(localCertificateInputs, news),
    }),
    diff({ olds, news }) {
      const keys = { update: ["hosts", "state"], replace: ["service", "namespace", "secret"] };
      return { ...diffOf(olds, news, keys), deleteBeforeReplace: true };
    },
    async create({ inputs, preview, signal }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const id = resourceId(parseInputs(localCertificateInputs, inputs));
      return { id, outputs: await ensure(inputs, signal), refreshBeforeUpdate: true };
    },
    async update({ inputs, preview, signal, log }) {
      if (preview) return { outputs: inputs, refreshBeforeUpdate: true };
      const outputs = await ensure(inputs, signal);
      const { service, hosts, port } = parseInputs(localCertificateInputs, inputs);
      const door = { address: "127.0.0.1", port, host: hosts[0] ?? "" };
      try {
        const ms = await untilServed(door, asString(outputs.serial) ?? "", signal);
        log.status(`${service}: the gateway shows the new certificate after ${ms} ms`);
      } catch (error) {
        signal.throwIfAborted();
        // It is made and good; a gateway that lags is to be looked at, and nothing is put right by failing here.
        log.warn(messageOf(error));
      }
      return { outputs, refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const wish = localCertificateInputs.partial().parse(inputs);
      const place = { namespace, secret: wish.secret ?? "", hosts: wish.hosts ?? [] };
      const standing = await standingCertificate(session.kube, place, readAuthority(loadLayout()), new Date());
      if (!standing) return undefined;
      const { facts, verdict } = standing;
      const seen = { service, namespace, state: verdict.state === "valid" ? GOOD : `${verdict.state}: ${verdict.why}` };
      const outputs = { ...olds, ...seen, ...(facts === undefined ? {} : outputsOf(facts)) };
      return { id, inputs: { ...inputs, ...seen }, outputs, refreshBeforeUpdate: true };
    },
    async delete({ id, olds }) {
      const { namespace, service } = splitId(id);
      await removePair(session.kube, { namespace, secret: asString(olds.secret) ?? "" }, service);
    },
  };
}

const outputsOf = ({ serial, fingerprint, notBefore, notAfter }: CertificateFacts) => ({
  serial,
  fingerprint,
  notBefore,
  notAfter,
});
