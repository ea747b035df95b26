import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { baseImages } from "../../../core/release/dockerfile";
import { baseOf, copiedLayers, readImageConfig, timelessConfig, type Base } from "../../../core/release/timeless";
import type { BuildSpec } from "./buildSpec";
import { EngineRefusal } from "./engineApi";
import { follow } from "./progress";
import { savedFiles } from "./savedFiles";
import { tarOf, type TarFile } from "./tar";
import { withoutTimes } from "./timelessTar";
import type { Work } from "./work";

const indexSchema = z.array(z.object({ Config: z.string().min(1), Layers: z.array(z.string().min(1)) })).length(1);
const inspected = z.object({ RootFS: z.object({ Layers: z.array(z.string()).default([]) }) });

/**
 * Puts an image without the times of its build in the place of the one that was built, so that the same sources upon the same base are
 * the same image, whenever and wherever they are built. Layers of the base stay what they are.
 */
export async function takeTimesAway(name: string, spec: BuildSpec, work: Work): Promise<void> {
  const { session, signal, log, hidden } = work;
  const named = await namedBases(await readFile(spec.dockerfile, "utf8"), spec.args, work);
  if (named === undefined) return;
  const folder = await mkdtemp(path.join(tmpdir(), "hms-image-"));
  try {
    const saved = await session.engine.call({ method: "GET", path: `/images/${name}/get`, signal });
    const fileOf = await savedFiles(saved, folder, name);
    const [index] = indexSchema.parse(JSON.parse(await readFile(fileOf("manifest.json"), "utf8")));
    if (index === undefined) return;
    const before = await readFile(fileOf(index.Config), "utf8");
    const config = readImageConfig(before);
    const base = baseOf(config, named);
    const own = copiedLayers(config, base);
    if (own === undefined) {
      log.debug(`${name} keeps the times of its build: its history does not tell its layers apart`);
      return;
    }
    const layers: { file: string; id: string }[] = [];
    for (const [number, entry] of index.Layers.entries()) {
      const [file, id] = [fileOf(entry), config.rootfs.diff_ids[number] ?? ""];
      layers.push(
        own.includes(number) ? await rewritten(file, path.join(folder, `own-${number}`), signal) : { file, id },
      );
    }
    const ids = layers.map(({ id }) => id);
    const text = timelessConfig(config, base, ids);
    if (text === before) return;
    const [configFile, indexFile] = [path.join(folder, "config"), path.join(folder, "index")];
    await writeFile(configFile, text);
    const Layers = layers.map((_, number) => `${number}.tar`);
    const Config = `${createHash("sha256").update(text).digest("hex")}.json`;
    await writeFile(indexFile, JSON.stringify([{ Config, RepoTags: [tagged(name)], Layers }]));
    const files = [
      ...(await Promise.all(layers.map(({ file }, number) => tarFile(`${number}.tar`, file)))),
      await tarFile(Config, configFile),
      await tarFile("manifest.json", indexFile),
    ];
    const stream = await session.engine.call({ method: "POST", path: "/images/load", body: tarOf(files), signal });
    const show = (line: string) => {
      log.debug(line);
    };
    await follow(stream, { failure: `${name} cannot be loaded without its times`, signal, show, hidden });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the Docker Engine has of the images that the Dockerfile names; `undefined` if it lacks one. */
async function namedBases(
  dockerfile: string,
  args: BuildSpec["args"],
  { session, signal, log }: Work,
): Promise<readonly Base[] | undefined> {
  const bases: Base[] = [];
  for (const image of baseImages(dockerfile, args).filter((one) => one !== "scratch")) {
    const ask = (what: string) => session.engine.json({ method: "GET", path: `/images/${image}/${what}`, signal });
    try {
      const { RootFS } = inspected.parse(await ask("json"));
      const history = z.array(z.unknown()).parse(await ask("history"));
      bases.push({ layers: RootFS.Layers, steps: history.length });
    } catch (error) {
      if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
      log.debug(`the image keeps the times of its build: the Docker Engine does not have its base ${image}`);
      return undefined;
    }
  }
  return bases;
}

async function rewritten(file: string, to: string, signal: AbortSignal): Promise<{ file: string; id: string }> {
  const hash = createHash("sha256");
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(file), withoutTimes, counted, createWriteStream(to), { signal });
  return { file: to, id: `sha256:${hash.digest("hex")}` };
}

const tarFile = async (name: string, file: string): Promise<TarFile> => ({
  path: name,
  content: { kind: "file", absolute: file, executable: false, size: (await stat(file)).size },
});

const tagged = (name: string): string => (/:[^/]+$/.test(name) ? name : `${name}:latest`);
