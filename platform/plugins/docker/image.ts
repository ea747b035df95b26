import {
  type CheckFailure,
  containsSecret,
  containsUnknown,
  isProperties,
  isSecret,
  isUnknown,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  reveal,
  sameValue,
  secret,
  UNKNOWN,
  type Value,
} from "../../rpc";
import { buildImage, inspectImage, pushImage } from "./build";
import { buildSpecOf, contextProblems, packContext } from "./buildSpec";
import { nameIn, parseReference, referenceOf } from "./reference";
import { lookUp } from "./registry";
import type { Session } from "./session";
import type { Work } from "./work";

const PROPERTIES = ["build", "buildOnPreview", "imageName", "registry", "skipPush"];
const BUILD_PROPERTIES = [
  ...["addHosts", "args", "builderVersion", "cacheFrom", "context", "dockerfile", "network", "platform", "target"],
  "contextDigest",
];
/** Where the folder lies and who pushes decides nothing: what is in the folder does, by `contextDigest`. */
const WITHOUT_CONSEQUENCE = new Set(["build.context", "build.dockerfile", "registry.username", "registry.password"]);
/** How long a refresh waits for a registry before it believes the state. */
const REFRESH_MS = 1_500;

/** Builds an image from a folder and pushes it. Deleting it leaves the image where it is, for something may run it. */
export function image(session: Session): ResourceHandler {
  return {
    async check({ news }) {
      const failures = await failuresOf(news);
      const hidden = failures.find(({ property }) => containsSecret(news[property.replace(/[.[].*$/s, "")]));
      if (hidden !== undefined) throw new Error(`${hidden.property}: ${hidden.reason}`);
      return { inputs: failures.length > 0 ? news : await withDigest(news), failures };
    },

    diff({ oldInputs, news }) {
      const detailed = Object.fromEntries(differences(oldInputs, news));
      return { changes: Object.keys(detailed).length > 0, detailed };
    },

    async create({ inputs, preview, signal, log }) {
      const id = nameIn(reveal(inputs).imageName);
      if (preview) return { id: "", outputs: outputsOf(inputs, UNKNOWN) };
      return { id, outputs: outputsOf(inputs, await produce(inputs, workOf(inputs, { session, signal, log }))) };
    },

    async update({ inputs, preview, signal, log }) {
      if (preview) return { outputs: outputsOf(inputs, UNKNOWN) };
      return { outputs: outputsOf(inputs, await produce(inputs, workOf(inputs, { session, signal, log }))) };
    },

    /** Gone only if the registry itself says so: a stopped registry or engine loses nobody's state. */
    async read({ id, inputs, olds, signal, log }) {
      const digest = reveal(olds).repoDigest;
      if (typeof digest !== "string") throw new Error("an Image cannot be imported; build it");
      const reference = parseReference(digest);
      if (reference === undefined || reveal(inputs).skipPush === true) return { id, inputs, outputs: olds };
      const timed = AbortSignal.any([signal, AbortSignal.timeout(REFRESH_MS)]);
      const found = await lookUp(reference, credentialsOf(inputs, session), timed);
      if (!found.found && found.gone) return undefined;
      if (!found.found) log.debug(`${found.reason}; what the state says is kept`);
      return { id, inputs, outputs: olds };
    },

    delete: () => undefined,
  };
}

/** @returns the name by which others refer to exactly this image */
async function produce(inputs: Properties, work: Work): Promise<string> {
  const plain = reveal(inputs);
  const name = nameIn(plain.imageName);
  const reference = referenceOf(name);
  await buildImage(plain, work);
  if (plain.skipPush === true) {
    const { id, digests } = await inspectImage(name, work);
    return digests.find((digest) => digest.startsWith(`${reference.name}@`)) ?? id;
  }
  return `${reference.name}@${await pushImage(name, work, credentialsOf(inputs, work.session))}`;
}

function workOf(inputs: Properties, work: Omit<Work, "hidden">): Work {
  return { ...work, hidden: secretTexts(inputs) };
}

function secretTexts(value: Value): string[] {
  if (isSecret(value)) return allTexts(value.value);
  if (Array.isArray(value)) return value.flatMap(secretTexts);
  return isProperties(value) ? Object.values(value).flatMap(secretTexts) : [];
}

function allTexts(value: Value): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(allTexts);
  return isProperties(value) ? Object.values(value).flatMap(allTexts) : [];
}

function credentialsOf(inputs: Properties, session: Session) {
  const { registry, imageName } = reveal(inputs);
  if (isProperties(registry) && typeof registry.username === "string" && typeof registry.password === "string") {
    return { username: registry.username, password: registry.password };
  }
  const reference = typeof imageName === "string" ? parseReference(imageName) : undefined;
  return reference && session.credentials.forRegistry(reference.registry);
}

function outputsOf(inputs: Properties, repoDigest: string): Properties {
  const plain = reveal(inputs);
  const spec = buildSpecOf(plain.build);
  const name = plain.imageName ?? "";
  const reference = typeof name === "string" ? parseReference(name) : undefined;
  return {
    baseImageName: name,
    imageName: name,
    // As given: an absolute path would differ between two clones that share the stack.
    context: spec.context,
    dockerfile: spec.dockerfile,
    registryServer: reference?.registry ?? UNKNOWN,
    repoDigest: isSecret(inputs.imageName) ? secret(repoDigest) : repoDigest,
    ...(spec.platform === undefined ? {} : { platform: spec.platform }),
  };
}

/** The digest of the context becomes an input, so that the engine sees a changed file as a changed input. */
async function withDigest(news: Properties): Promise<Properties> {
  const plain = isSecret(news.build) ? reveal(news.build.value) : news.build;
  if (containsUnknown(plain === undefined ? null : reveal(plain))) return news;
  const { digest } = await packContext(buildSpecOf(plain === undefined ? undefined : reveal(plain)));
  const given = isProperties(plain) ? plain : typeof plain === "string" ? { context: plain } : {};
  const build = { ...given, contextDigest: digest };
  return { ...news, build: isSecret(news.build) ? secret(build) : build };
}

async function failuresOf(news: Properties): Promise<readonly CheckFailure[]> {
  const plain = reveal(news);
  const failures: CheckFailure[] = [];
  const say = (property: string, reason: string): void => void failures.push({ property, reason });
  for (const name of Object.keys(plain)) {
    if (!PROPERTIES.includes(name)) say(name, `unknown property; allowed are ${PROPERTIES.join(", ")}`);
  }
  const { imageName, build, skipPush } = plain;
  const reference = typeof imageName === "string" ? parseReference(imageName) : undefined;
  if (imageName === undefined) say("imageName", "is required");
  else if (!isUnknown(imageName) && (reference === undefined || reference.digest !== undefined)) {
    say("imageName", "must be [registry/]repository[:tag], without a digest, for the digest comes from the build");
  }
  if (skipPush !== undefined && typeof skipPush !== "boolean") say("skipPush", "must be true or false");
  for (const name of isProperties(build) ? Object.keys(build) : []) {
    if (!BUILD_PROPERTIES.includes(name))
      say(`build.${name}`, `unknown property; allowed are ${BUILD_PROPERTIES.join(", ")}`);
  }
  if (!containsUnknown(build)) {
    for (const [property, reason] of await contextProblems(buildSpecOf(build))) say(property, reason);
  }
  return failures;
}

function* differences(olds: Properties, news: Properties): Generator<[string, PropertyDiff]> {
  for (const name of PROPERTIES) yield* differencesAt(name, olds[name], news[name]);
}

function* differencesAt(
  path: string,
  before: Value | undefined,
  after: Value | undefined,
): Generator<[string, PropertyDiff]> {
  const [old, current] = [
    before === undefined ? undefined : reveal(before),
    after === undefined ? undefined : reveal(after),
  ];
  if (WITHOUT_CONSEQUENCE.has(path) || path === "buildOnPreview" || sameValue(old, current)) return;
  if ((path === "build" || path === "registry") && (isProperties(old) || isProperties(current))) {
    const [left, right] = [isProperties(old) ? old : {}, isProperties(current) ? current : {}];
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      yield* differencesAt(`${path}.${name}`, left[name], right[name]);
    }
    return;
  }
  yield [path, { kind: old === undefined ? "add" : current === undefined ? "delete" : "update", inputDiff: true }];
}
