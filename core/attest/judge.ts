import { asString, path } from "../json";
import { openEnvelope } from "./dsse";
import type { AttestationFault, Fault } from "./fault";
import { madeBy, type TrustedKeys } from "./keys";
import { claimIn } from "./simpleSigning";
import { PREDICATE, STATEMENT, statementIn, type PredicateName } from "./statement";

/** An image where it is. */
export interface Subject {
  /** Registry and repository, without tag. */
  readonly repository: string;
  readonly digest: string;
}

/** A signature as it lies beside an image. */
export interface FoundSignature {
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Id of the key that says to have made it. */
  readonly key?: string;
}

export type Judged<F> = { readonly ok: true; readonly keyId: string } | { readonly ok: false; readonly fault: F };

/** From what says most about what happened, to what says least. */
const TELLING = ["altered", "for-another", "renamed", "other-key", "broken", "unsigned"] as const;

/** Whether one of the signatures is for this image and by a trusted key; else the fault that tells most. */
export function judgeSignatures(subject: Subject, found: readonly FoundSignature[], keys: TrustedKeys): Judged<Fault> {
  const faults: Fault[] = [{ kind: "unsigned" }];
  for (const one of found) {
    const judged = judgeSignature(subject, one, keys);
    if (judged.ok) return judged;
    faults.push(judged.fault);
  }
  return { ok: false, fault: mostTelling(faults, keys) };
}

function judgeSignature(
  subject: Subject,
  { payload, signature, key }: FoundSignature,
  keys: TrustedKeys,
): Judged<Fault> {
  const refuse = (fault: Fault): Judged<Fault> => ({ ok: false, fault });
  const claim = claimIn(payload);
  const keyId = madeBy(keys, payload, signature);
  if (keyId === undefined) {
    if (key !== undefined && keys.has(key)) return refuse({ kind: "altered", key });
    return claim === undefined
      ? refuse({ kind: "broken" })
      : refuse({ kind: "other-key", keys: key === undefined ? [] : [key], listed: [...keys.keys()] });
  }
  if (claim === undefined) return refuse({ kind: "broken" });
  if (claim.digest !== subject.digest) return refuse({ kind: "for-another", signed: claim.digest });
  if (nameOf(claim.repository) !== nameOf(subject.repository))
    return refuse({ kind: "renamed", signedAs: claim.repository });
  return { ok: true, keyId };
}

/** Images are copied between the registries of accounts, where the path before the name differs. */
const nameOf = (repository: string): string => repository.slice(repository.lastIndexOf("/") + 1);

function mostTelling(faults: readonly Fault[], keys: TrustedKeys): Fault {
  const kind = TELLING.find((one) => faults.some((fault) => fault.kind === one));
  if (kind === "other-key") {
    const others = faults.flatMap((fault) => (fault.kind === "other-key" ? fault.keys : []));
    return { kind, keys: [...new Set(others)].sort(), listed: [...keys.keys()] };
  }
  return faults.find((fault) => fault.kind === kind) ?? { kind: "unsigned" };
}

/** An attestation that holds: signed by a trusted key, and about this image. */
export interface Attested {
  readonly keyId: string;
  readonly predicateType: string;
  readonly predicate: unknown;
}

type Attestations =
  { readonly ok: true; readonly found: readonly Attested[] } | { readonly ok: false; readonly fault: AttestationFault };

/** Every attestation of a kind that counts for this image; of scans only where the newest one passed. */
export function judgeAttestation(
  subject: Subject,
  name: PredicateName,
  envelopes: readonly Buffer[],
  keys: TrustedKeys,
): Attestations {
  const judged = attestationsOf(subject, name, envelopes, keys);
  return judged.ok ? verdictOf(name, judged.found) : judged;
}

/** Every attestation of a kind that a trusted key made about this image, oldest first; else the fault that tells most. */
export function attestationsOf(
  subject: Subject,
  name: PredicateName,
  envelopes: readonly Buffer[],
  keys: TrustedKeys,
): Attestations {
  const found: Attested[] = [];
  const faults: AttestationFault[] = [];
  for (const bytes of envelopes) {
    const opened = openEnvelope(bytes, STATEMENT, keys);
    if (!opened.ok) {
      const [key = ""] = opened.keyIds.filter((id) => keys.has(id));
      if (opened.problem === "altered") faults.push({ kind: "altered", key });
      else if (opened.problem === "broken") faults.push({ kind: "broken" });
      else faults.push({ kind: "other-key", keys: opened.keyIds, listed: [...keys.keys()] });
      continue;
    }
    const statement = statementIn(opened.payload);
    if (statement === undefined) faults.push({ kind: "broken" });
    else if (statement.predicateType !== PREDICATE[name]) continue;
    else if (!statement.digests.includes(subject.digest))
      faults.push({ kind: "for-another", signed: statement.digests.join(", ") });
    else found.push({ keyId: opened.keyId, predicateType: statement.predicateType, predicate: statement.predicate });
  }
  if (found.length > 0) return { ok: true, found };
  const order = ["altered", "for-another", "other-key", "broken"] as const;
  const fault = order.map((kind) => faults.find((one) => one.kind === kind)).find((one) => one !== undefined);
  return { ok: false, fault: fault ?? { kind: "missing" } };
}

/** Of scans the newest counts, which is stored last: an image that passed may be found wanting by a newer database. */
function verdictOf(name: PredicateName, found: readonly Attested[]): Attestations {
  if (name !== "scan") return { ok: true, found };
  const verdict = asString(path(found.at(-1)?.predicate, "verdict")) ?? "none";
  return verdict === "pass" ? { ok: true, found } : { ok: false, fault: { kind: "verdict", verdict } };
}
