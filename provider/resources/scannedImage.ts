import { z } from "zod";
import { signerSchema } from "../../core/attest/wish";
import { factOfScan } from "../../core/scan/fact";
import { refusalText } from "../../core/scan/text";
import type { ScanVerdict } from "../../core/scan/verdict";
import { scanWishSchema } from "../../core/scan/wish";
import { pushImage } from "../../platform/plugins/docker/build";
import { parseReference, referenceOf } from "../../platform/plugins/docker/reference";
import { lookUp } from "../../platform/plugins/docker/registry";
import { openSession } from "../../platform/plugins/docker/session";
import { Progress } from "../../platform/progress";
import { type Log, type Properties, type ResourceHandler, reveal, UNKNOWN } from "../../platform/rpc";
import { describeHolder } from "../../core/rollout/lease";
import { thisProcess } from "../rollout/lease";
import { signerFor } from "../attest/keys";
import { attest } from "../attest/sign";
import { messageOf, Refusal } from "../rollout/errors";
import { defaultDatabase } from "../scan/databaseFolder";
import { scanImage, type ScannedImage } from "../scan/scan";
import { scanContext } from "../scan/settings";
import type { Session } from "../session";
import { diffOf } from "./diff";
import { inputFailures, parseInputs } from "./inputs";

const name = z.string().min(1);

export const scannedImageInputs = z.strictObject({
  service: name,
  namespace: name,
  /** As the Docker Engine has it and the registry is to: `<registry>/<repository>:<tag>`. */
  name,
  /** What the build gave: another value is another image. */
  built: name,
  contextHash: name,
  scan: scanWishSchema,
  /** By whom the scan and the bill of materials are attested. Absent: they are not. */
  signing: z.strictObject({ local: z.boolean(), signer: signerSchema.exactOptional() }).exactOptional(),
});
type ScannedImageInputs = z.infer<typeof scannedImageInputs>;

const DECIDING = ["name", "built", "contextHash", "scan", "signing"];
/** How long a refresh waits for a registry before it believes the state. */
const REFRESH_MS = 1500;

/**
 * `hms:image:ScannedImage`: an image that was built here, scanned, and pushed because its scan passed. Nothing is pushed
 * otherwise, and the ledger is told either way. It stays in the registry when it goes: something may run it.
 */
export function scannedImage(session: Session): ResourceHandler {
  const ensure = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const wish = parseInputs(scannedImageInputs, inputs);
    const docker = openSession({});
    const scanned = await scan(wish, signal, log);
    const { verdict } = scanned;
    if (verdict.verdict !== "pass") {
      await session
        .tell(wish, [factOfScan(wish, verdict, null, describeHolder(thisProcess()))])
        .catch((error: unknown) => {
          log.warn(`${wish.service}: the ledger was not told of the scan: ${messageOf(error)}`);
        });
      throw new Refusal(`${wish.service}: nothing was pushed, for ${refusalText(verdict)}`);
    }
    for (const { finding, waiver } of verdict.waived)
      log.warn(`${wish.service}: ${finding.id} is waived by ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`);
    const digest = await pushImage(wish.name, { session: docker, signal, log, hidden: [] });
    const image = `${referenceOf(wish.name).name}@${digest}`;
    await session
      .tell(wish, [factOfScan(wish, verdict, image, describeHolder(thisProcess()))])
      .catch((error: unknown) => {
        throw new Refusal(
          `${wish.service}: the scan cannot be recorded, and nothing goes on without a record: ${messageOf(error)}`,
        );
      });
    await attestBoth(wish, image, scanned, signal);
    return { ...inputs, image, verdict: summaryOf(verdict) };
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(scannedImageInputs, news) }),
    diff: ({ oldInputs, news }) => diffOf(oldInputs, news, { update: DECIDING }),
    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: { ...inputs, image: UNKNOWN, verdict: UNKNOWN } };
      const outputs = await ensure(inputs, signal, log);
      return { id: parseInputs(scannedImageInputs, inputs).name, outputs };
    },
    async update({ inputs, preview, signal, log }) {
      if (preview) return { outputs: { ...inputs, image: UNKNOWN, verdict: UNKNOWN } };
      return { outputs: await ensure(inputs, signal, log) };
    },
    /** Gone only if the registry itself says so. */
    async read({ id, inputs, olds, signal, log }) {
      const image = reveal(olds).image;
      const reference = typeof image === "string" ? parseReference(image) : undefined;
      if (reference === undefined) throw new Error("a ScannedImage cannot be imported; build it");
      const timed = AbortSignal.any([signal, AbortSignal.timeout(REFRESH_MS)]);
      const credentials = openSession({}).credentials.forRegistry(reference.registry);
      const found = await lookUp(reference, credentials, timed);
      if (!found.found && found.gone) return undefined;
      if (!found.found) log.debug(`${found.reason}; what the state says is kept`);
      return { id, inputs, outputs: olds };
    },
    delete: () => undefined,
  };
}

/** Says beside the image what it is made of and what the scan saw, where there is somebody to sign it. */
async function attestBoth(
  { signing }: ScannedImageInputs,
  image: string,
  { sbom, verdict }: ScannedImage,
  signal: AbortSignal,
): Promise<void> {
  const signer = signing && (await signerFor(signing, signal));
  if (signer === undefined) return;
  const digest = image.slice(image.indexOf("@") + 1);
  await attest(image, { name: "sbom", predicate: JSON.parse(sbom) as unknown }, signer, signal);
  const predicate = { ...verdict, target: { ...verdict.target, digest } };
  await attest(image, { name: "scan", predicate }, signer, signal);
}

async function scan(wish: ScannedImageInputs, signal: AbortSignal, log: Log): Promise<ScannedImage> {
  const { minComponents, ...wishes } = wish.scan;
  const settings = { ...wishes, leastComponents: minComponents, database: defaultDatabase() };
  const progress = new Progress({
    write: (text: string) => {
      log.status(text.trim());
    },
  });
  const note = (text: string): void => {
    log.status(`scan: ${text}`);
  };
  try {
    return await scanImage(wish.name, settings, scanContext(process.env, progress, note, signal));
  } finally {
    progress.close();
  }
}

/** What the state keeps of a scan. */
const summaryOf = ({ verdict, at, components, database, waived, target }: ScanVerdict): Properties => ({
  verdict,
  at,
  components,
  scanned: target.id,
  database: database?.digest ?? "",
  advisoriesOf: database?.builtAt ?? "",
  waived: waived.map(({ finding }) => finding.id),
});
