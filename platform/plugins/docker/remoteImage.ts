import {
  type CheckFailure,
  isUnknown,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  reveal,
  sameValue,
  UNKNOWN,
} from "../../rpc";
import { inspectImage } from "./build";
import { encoded } from "./credentials";
import { EngineRefusal, EngineUnreachable } from "./engineApi";
import { follow } from "./progress";
import { nameIn, parseReference, referenceOf } from "./reference";
import type { Session } from "./session";
import type { Work } from "./work";

const PROPERTIES = ["build", "forceRemove", "keepLocally", "name", "platform", "pullTriggers", "triggers"];
const REPLACING = ["name", "platform", "pullTriggers", "triggers"];

/** An image that is pulled to the Docker Engine. Deleting it removes it there, unless it is to be kept or something runs it. */
export function remoteImage(session: Session): ResourceHandler {
  return {
    check: ({ news }) => ({ inputs: news, failures: failuresOf(reveal(news)) }),

    diff({ oldInputs, news }) {
      const [before, after] = [reveal(oldInputs), reveal(news)];
      const detailed: Record<string, PropertyDiff> = {};
      for (const name of PROPERTIES) {
        if (sameValue(before[name], after[name])) continue;
        const kind = before[name] === undefined ? "add" : after[name] === undefined ? "delete" : "update";
        detailed[name] = { kind: REPLACING.includes(name) ? `${kind}-replace` : kind, inputDiff: true };
      }
      const replaces = Object.keys(detailed).filter((name) => REPLACING.includes(name));
      return { changes: Object.keys(detailed).length > 0, detailed, replaces };
    },

    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: { ...inputs, imageId: UNKNOWN, repoDigest: UNKNOWN } };
      const plain = reveal(inputs);
      const name = nameIn(plain.name);
      await pull(name, typeof plain.platform === "string" ? plain.platform : undefined, {
        session,
        signal,
        log,
        hidden: [],
      });
      const found = await stateOf(name, { session, signal });
      return { id: `${found.imageId}${name}`, outputs: { ...inputs, ...found } };
    },

    update: ({ inputs, olds }) => ({ outputs: { ...olds, ...inputs } }),

    async read({ id, inputs, olds, signal, log }) {
      const name = reveal(olds).name ?? id.replace(/^sha256:[0-9a-f]{64}/, "");
      try {
        const found = await stateOf(nameIn(name), { session, signal });
        return { id, inputs: Object.keys(inputs).length > 0 ? inputs : { name }, outputs: { ...olds, name, ...found } };
      } catch (error) {
        if (error instanceof EngineRefusal && error.status === 404) return undefined;
        if (!(error instanceof EngineUnreachable) || Object.keys(olds).length === 0) throw error;
        log.debug(`${error.message}; what the state says is kept`);
        return { id, inputs, outputs: olds };
      }
    },

    async delete({ olds, signal, log }) {
      const { name, keepLocally, forceRemove } = reveal(olds);
      if (keepLocally === true) return;
      try {
        const query = { force: forceRemove === true ? "1" : "0" };
        (await session.engine.call({ method: "DELETE", path: `/images/${nameIn(name)}`, query, signal })).resume();
      } catch (error) {
        if (error instanceof EngineRefusal && error.status === 404) return;
        if (!(error instanceof EngineRefusal && error.status === 409)) throw error;
        log.warn(`${nameIn(name)} is in use and stays: ${error.message}`);
      }
    },
  };
}

function failuresOf(plain: Properties): readonly CheckFailure[] {
  const { name, build } = plain;
  const failures: CheckFailure[] = [];
  if (name === undefined) failures.push({ property: "name", reason: "is required" });
  else if (!isUnknown(name) && (typeof name !== "string" || parseReference(name) === undefined)) {
    failures.push({ property: "name", reason: "must be [registry/]repository[:tag][@sha256:digest]" });
  }
  if (build !== undefined) failures.push({ property: "build", reason: "is not served here; build with an Image" });
  return failures;
}

async function pull(name: string, platform: string | undefined, { session, signal, log, hidden }: Work): Promise<void> {
  const reference = referenceOf(name);
  log.status(`pulling from ${reference.registry}`);
  const stream = await session.engine.call({
    method: "POST",
    path: "/images/create",
    query: {
      fromImage: reference.name,
      tag: reference.digest ?? reference.tag ?? "latest",
      ...(platform === undefined ? {} : { platform }),
    },
    headers: { "x-registry-auth": encoded(session.credentials.forRegistry(reference.registry) ?? {}) },
    signal,
  });
  const show = (line: string) => {
    log.debug(line);
  };
  await follow(stream, { failure: `pull of ${name} failed`, signal, show, hidden });
  log.status(`pulled from ${reference.registry}`);
}

/** The outputs that the engine knows. */
export async function stateOf(
  name: string,
  work: Pick<Work, "session" | "signal">,
): Promise<{ readonly imageId: string; readonly repoDigest: string }> {
  const { id, digests } = await inspectImage(name, work);
  const repository = referenceOf(name).name;
  return { imageId: id, repoDigest: digests.find((digest) => digest.startsWith(`${repository}@`)) ?? digests[0] ?? "" };
}
