import {
  type CheckFailure,
  isProperties,
  isUnknown,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  reveal,
  sameValue,
  UNKNOWN,
} from "../../rpc";
import { pushImage } from "./build";
import { nameIn, parseReference, referenceOf } from "./reference";
import { lookUp } from "./registry";
import type { Session } from "./session";

const PROPERTIES = ["authConfig", "build", "insecureSkipVerify", "keepRemotely", "name", "triggers"];
const REPLACING = ["name", "triggers"];

/**
 * An image of the Docker Engine that is pushed to a registry. Deleting it leaves it in the registry, as if `keepRemotely` were
 * set: the same digest may be live somewhere, and only the registry's own pruning knows.
 */
export function registryImage(session: Session): ResourceHandler {
  return {
    check: ({ news, name }) => ({
      inputs: reveal(news).name === undefined ? { ...news, name } : news,
      failures: failuresOf(reveal(news)),
    }),

    diff({ oldInputs, news }) {
      const [before, after] = [reveal(oldInputs), reveal(news)];
      const detailed: Record<string, PropertyDiff> = {};
      for (const name of PROPERTIES) {
        if (name === "authConfig" || sameValue(before[name], after[name])) continue;
        const kind = before[name] === undefined ? "add" : after[name] === undefined ? "delete" : "update";
        detailed[name] = { kind: REPLACING.includes(name) ? `${kind}-replace` : kind, inputDiff: true };
      }
      const replaces = Object.keys(detailed).filter((name) => REPLACING.includes(name));
      return { changes: Object.keys(detailed).length > 0, detailed, replaces };
    },

    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: { ...inputs, sha256Digest: UNKNOWN } };
      const auth = authOf(inputs, session);
      const digest = await pushImage(
        nameIn(reveal(inputs).name),
        { session, signal, log, hidden: auth === undefined ? [] : [auth.password] },
        auth,
      );
      return { id: digest, outputs: { ...inputs, sha256Digest: digest } };
    },

    update: ({ inputs, olds }) => ({ outputs: { ...olds, ...inputs } }),

    async read({ id, inputs, olds, signal, log }) {
      const name = reveal(olds).name ?? reveal(inputs).name;
      if (typeof name !== "string")
        throw new Error("a RegistryImage cannot be imported; look it up with getRegistryImage");
      const timed = AbortSignal.any([signal, AbortSignal.timeout(1_500)]);
      const found = await lookUp({ ...referenceOf(name), digest: id }, authOf(inputs, session), timed);
      if (!found.found && found.gone) return undefined;
      if (!found.found) log.debug(`${found.reason}; what the state says is kept`);
      return { id, inputs, outputs: olds };
    },

    delete: () => undefined,
  };
}

function failuresOf({ name, build }: Properties): readonly CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (name !== undefined && !isUnknown(name) && (typeof name !== "string" || parseReference(name) === undefined)) {
    failures.push({ property: "name", reason: "must be [registry/]repository[:tag]" });
  }
  if (build !== undefined) failures.push({ property: "build", reason: "is not served here; build with an Image" });
  return failures;
}

function authOf(inputs: Properties, session: Session) {
  const { authConfig, name } = reveal(inputs);
  if (isProperties(authConfig) && typeof authConfig.username === "string" && typeof authConfig.password === "string") {
    return { username: authConfig.username, password: authConfig.password };
  }
  const reference = typeof name === "string" ? parseReference(name) : undefined;
  return reference && session.credentials.forRegistry(reference.registry);
}
