import { once } from "node:events";
import { readdirSync, readFileSync, watchFile, unwatchFile } from "node:fs";
import path from "node:path";
import { UsageError, type Command } from "../../cli/command";
import { addressOf } from "../../cli/freezeServe";
import { trustedKeys } from "../../core/attest/keys";
import { PREDICATE_NAMES, type PredicateName } from "../../core/attest/statement";
import { reasonOf, RefusedError } from "../../platform/errors";
import { AdmissionJudge } from "../../provider/admission/judge";
import { admissionWebhook } from "../../provider/admission/webhook";
import { Log } from "../log";

/** How often it is looked whether the certificate was renewed; a kubelet brings it within a minute or two. */
const LOOK_MS = 30_000;

/** The second lock: what the provider verified before a deploy is verified again for each pod, whoever makes it. */
export const admission: Command = {
  name: "admission",
  summary: "Answers the API server whether a pod may run: its images are signed, its environment holds no secret.",
  options: [
    { flags: "--keys <path>", description: "folder with the public keys (PEM) whose signatures count" },
    {
      flags: "--certificate <path>",
      description: "folder with tls.crt and tls.key, which are read again when renewed",
    },
    { flags: "--attestations <names>", description: "what must have been said of an image, with commas between" },
    { flags: "--own <images>", description: "images of the program itself, by digest, with commas between" },
    { flags: "--listen <host:port>", description: "where to listen", default: "0.0.0.0:8443" },
  ],
  examples: ["runner admission --keys /keys --certificate /certificate --attestations scan"],
  async run(invocation, io) {
    const log = new Log(io.out);
    const keys = trustedKeys(pemsIn(invocation.required("keys")));
    const attestations = listOf(invocation.text("attestations")).map(predicateNamed);
    const judge = new AdmissionJudge({ keys, attestations, own: listOf(invocation.text("own")) });
    const folder = invocation.required("certificate");
    const said = log.info.bind(log);
    const server = admissionWebhook({ judge, ...pairIn(folder), log: said });
    const { host, port } = addressOf(invocation.required("listen"), "listen");
    server.listen(port, host);
    await once(server, "listening").catch((error: unknown) => {
      throw new RefusedError(`cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error });
    });
    const renewed = path.join(folder, "tls.crt");
    watchFile(renewed, { interval: LOOK_MS }, () => {
      try {
        const { certificate, key } = pairIn(folder);
        server.setSecureContext({ cert: certificate, key });
        log.info("the certificate was read again");
      } catch (error) {
        log.error(`the certificate could not be read again: ${reasonOf(error)}`);
      }
    });
    log.info("open", { listen: `${host}:${port}`, keys: [...keys.keys()] });
    if (!io.signal.aborted) await once(io.signal, "abort");
    unwatchFile(renewed);
    server.close();
    server.closeAllConnections();
  },
};

const listOf = (text: string | undefined): readonly string[] => (text ?? "").split(",").filter((one) => one !== "");

function predicateNamed(name: string): PredicateName {
  const known = PREDICATE_NAMES.find((one) => one === name);
  if (known !== undefined) return known;
  throw new UsageError(`--attestations must be names out of ${PREDICATE_NAMES.join(", ")}, got "${name}"`);
}

/** A mounted folder has entries of its own beside the files, which begin with dots. */
function pemsIn(folder: string): readonly string[] {
  const files = list(folder).filter((name) => name.endsWith(".pem"));
  if (files.length === 0)
    throw new RefusedError(`${folder} holds no public key (*.pem), and without one no pod could run`);
  return files.map((name) => readFileSync(path.join(folder, name), "utf8"));
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new RefusedError(`${folder} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function pairIn(folder: string): { readonly certificate: string; readonly key: string } {
  const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
  try {
    return { certificate: read("tls.crt"), key: read("tls.key") };
  } catch (error) {
    throw new RefusedError(`no certificate in ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}
