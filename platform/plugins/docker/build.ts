import type { Properties } from "../../rpc";
import { buildSpecOf, packContext } from "./buildSpec";
import { encoded } from "./credentials";
import { isRecord, textIn } from "./json";
import { follow } from "./progress";
import { nameIn, referenceOf } from "./reference";
import { takeTimesAway } from "./timeless";
import type { Work } from "./work";

/** Builds the image under its name, without the times of the build. @throws with the builder's last lines */
export async function buildImage(inputs: Properties, { session, signal, log, hidden }: Work): Promise<void> {
  const spec = buildSpecOf(inputs.build);
  const name = nameIn(inputs.imageName);
  const packed = await packContext(spec);
  const optional = (key: string, value: string | undefined) => (value === undefined ? {} : { [key]: value });
  log.status("building");
  const stream = await session.engine.call({
    method: "POST",
    path: "/build",
    query: {
      t: name,
      dockerfile: packed.dockerfile,
      buildargs: JSON.stringify(spec.args),
      rm: "1",
      forcerm: "1",
      ...optional("target", spec.target),
      ...optional("platform", spec.platform),
      ...optional("networkmode", spec.network),
      ...(spec.cacheFrom.length === 0 ? {} : { cachefrom: JSON.stringify(spec.cacheFrom) }),
      ...(spec.addHosts.length === 0 ? {} : { extrahosts: spec.addHosts.join(",") }),
    },
    headers: { "x-registry-config": encoded(session.credentials.all) },
    body: packed.archive(),
    signal,
  });
  const show = (line: string) => {
    if (/^Step \d/.test(line)) log.status(line);
    else log.debug(line);
  };
  await follow(stream, { failure: `build of ${name} failed`, signal, show, hidden });
  await takeTimesAway(name, spec, { session, signal, log, hidden });
}

/** Pushes the image by its name and gives its digest there. */
export async function pushImage(name: string, { session, signal, log, hidden }: Work, auth?: object): Promise<string> {
  const reference = referenceOf(name);
  log.status(`pushing to ${reference.registry}`);
  const stream = await session.engine.call({
    method: "POST",
    path: `/images/${reference.name}/push`,
    query: { tag: reference.tag ?? "latest" },
    headers: { "x-registry-auth": encoded(auth ?? session.credentials.forRegistry(reference.registry) ?? {}) },
    signal,
  });
  const show = (line: string) => {
    log.debug(line);
  };
  const extras = await follow(stream, { failure: `push of ${name} failed`, signal, show, hidden });
  const digest = extras.map((extra) => textIn(extra, "Digest")).find((found) => found !== undefined);
  if (digest === undefined) throw new Error(`push of ${name}: the Docker Engine did not say under which digest`);
  log.status(`pushed to ${reference.registry}`);
  return digest;
}

/** What the local engine knows of an image. */
export async function inspectImage(
  name: string,
  { session, signal }: Pick<Work, "session" | "signal">,
): Promise<{ readonly id: string; readonly digests: readonly string[] }> {
  const answer = await session.engine.json({ method: "GET", path: `/images/${name}/json`, signal });
  const id = textIn(answer, "Id");
  if (id === undefined) throw new Error(`the Docker Engine gave no id for ${name}`);
  const digests = isRecord(answer) && Array.isArray(answer.RepoDigests) ? (answer.RepoDigests as unknown[]) : [];
  return { id, digests: digests.filter((digest) => typeof digest === "string") };
}
