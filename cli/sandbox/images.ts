import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { readSandbox, type SandboxWish } from "../../config/sandbox";
import { loadStackFile, stackNames } from "../../config/stackFile";
import { asString } from "../../core/json";
import { hashContext } from "../../core/release/contextHash";
import { readSourceState } from "../../core/release/git";
import { defaultTag } from "../../core/release/tag";
import { isSandboxName } from "../../core/sandbox/name";
import type { ServiceConfig } from "../../core/service/service";
import { RefusedError } from "../../platform/errors";
import { CredentialStore } from "../../platform/plugins/docker/credentials";
import { referenceOf } from "../../platform/plugins/docker/reference";
import { lookUp } from "../../platform/plugins/docker/registry";
import { RolloutStore } from "../../provider/rollout/store";
import type { SandboxPlace } from "./place";
import type { ServiceWishes } from "./stackFile";

/** Which release of which service a sandbox is to have. */
export interface ImageWish {
  /** The one service that `tag` or `source` is about. @default - all that have it */
  readonly service?: string | undefined;
  /** Label of a release that was delivered or pushed, or its digest. */
  readonly tag?: string | undefined;
  /** A checkout of this project, or a folder with a service.yaml. @default - this checkout */
  readonly source?: string | undefined;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * What each service of a sandbox is to run: an image by its digest where one is there, else a folder to build.
 * @throws RefusedError for a tag that nobody has, and a folder that holds no service of theirs.
 */
export async function chooseImages(place: SandboxPlace, wish: ImageWish, signal: AbortSignal): Promise<ServiceWishes> {
  const { common } = place;
  const names = Object.keys(common.services);
  if (wish.service !== undefined && !names.includes(wish.service))
    throw new RefusedError(`sandboxes have no service "${wish.service}"; they have ${names.join(", ")}`);
  const sources = sourcesOf(place, wish);
  const chosen = await Promise.all(
    names.map(async (name) => {
      const asked = wish.service === undefined || wish.service === name;
      const tagged = asked && wish.tag !== undefined ? await byTag(place, name, wish.tag, signal) : undefined;
      const one = tagged ?? (await bySource(place, name, sources[name], signal));
      return { name, tagged, one };
    }),
  );
  if (wish.tag !== undefined && chosen.every(({ tagged }) => tagged === undefined))
    throw new RefusedError(
      `--tag ${wish.tag}: no image ${names.map((name) => `${common.registry}/${name}`).join(", ")} has it, and no stack ` +
        "was delivered with it. Deliver or push it first, or build it with --source",
    );
  return Object.fromEntries(chosen.map(({ name, one }) => [name, one]));
}

async function byTag(
  { common, root, kube }: SandboxPlace,
  name: string,
  tag: string,
  signal: AbortSignal,
): Promise<SandboxWish | undefined> {
  const repository = `${common.registry}/${name}`;
  if (DIGEST.test(tag)) {
    const image = `${repository}@${tag}`;
    return (await digestOf(image, signal)) === undefined ? undefined : { image };
  }
  const digest = await digestOf(`${repository}:${tag}`, signal);
  if (digest !== undefined) return { image: `${repository}@${digest}`, tag };
  // A release's label stands with the rollout, its image has another name in the registry.
  for (const stack of stackNames(root).filter((one) => !isSandboxName(one))) {
    const { kubeContext, namespace, services } = loadStackFile(root, stack);
    if (kubeContext !== common.kubeContext || !services.some((service) => service.name === name)) continue;
    const { actual } = await new RolloutStore(kube, name, namespace).read();
    const found = actual.record.deployments.findLast(({ release }) => release.tag === tag);
    if (found) return { image: found.release.image, tag };
  }
  return undefined;
}

async function bySource(
  place: SandboxPlace,
  name: string,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<SandboxWish> {
  const service = serviceAt(place, name, folder);
  if (service.source === undefined) return service.image === undefined ? {} : { image: service.image };
  const hash = await hashContext(service.source);
  const tag = defaultTag(await readSourceState(service.source.context), hash);
  const repository = `${place.common.registry}/${name}`;
  // What a build of these sources is called there; then nothing is to be built.
  const digest = await digestOf(`${repository}:${hash.slice(0, 12)}`, signal);
  if (digest !== undefined) return { image: `${repository}@${digest}`, tag };
  return { tag, ...(folder === undefined ? {} : { source: folder }) };
}

async function digestOf(image: string, signal: AbortSignal): Promise<string | undefined> {
  const reference = referenceOf(image);
  const found = await lookUp(reference, CredentialStore.load([]).forRegistry(reference.registry), signal);
  return found.found ? found.digest : undefined;
}

/** The service as sandboxes.yaml has it, with its sources in that folder. */
function serviceAt({ common, root }: SandboxPlace, name: string, folder: string | undefined): ServiceConfig {
  const at = new Date();
  const stamp = (when: Date) => when.toISOString().replace(/\.\d+|[-:]/g, "");
  const entry = { ...common.services[name], ...(folder === undefined ? {} : { source: folder }) };
  const read = readSandbox({
    stack: "sbx-0",
    values: { sandbox: { owner: "-", createdAt: stamp(at), expiresAt: stamp(new Date(at.getTime() + 60_000)) } },
    encrypted: [],
    common: { ...common, services: { [name]: entry } },
    files: {
      read: (relative) => {
        const full = path.resolve(root, relative);
        return existsSync(full) ? readFileSync(full, "utf8") : undefined;
      },
      absolute: (relative) => path.resolve(root, relative),
    },
  });
  if (!read.ok) throw new RefusedError(read.problems.join("\n"));
  const [found] = read.config.services;
  if (!found) throw new RefusedError(`sandboxes have no service "${name}"`);
  return found.service;
}

/** Folder of each service that `--source` means, relative to the project. */
function sourcesOf({ common, root }: SandboxPlace, { source, service }: ImageWish): Readonly<Record<string, string>> {
  if (source === undefined) return {};
  const given = path.resolve(source);
  const relative = (folder: string) => path.relative(root, folder) || ".";
  const declared = (name: string) => asString(common.services[name]?.source) ?? "";
  if (existsSync(path.join(given, "service.yaml"))) {
    const [, named] = /^name:\s*(\S+)/m.exec(readFileSync(path.join(given, "service.yaml"), "utf8")) ?? [];
    const name = service ?? named;
    if (name !== undefined && name in common.services) return { [name]: relative(given) };
    throw new RefusedError(
      `--source ${source}: it holds the service ${named ?? "without a name"}; sandboxes have ` +
        `${Object.keys(common.services).join(", ")}. Say with --service which one it is to be`,
    );
  }
  const found = Object.keys(common.services).filter(
    (name) => declared(name) !== "" && existsSync(path.join(given, declared(name), "service.yaml")),
  );
  const meant = service === undefined ? found : found.filter((name) => name === service);
  if (meant.length > 0)
    return Object.fromEntries(meant.map((name) => [name, relative(path.join(given, declared(name)))]));
  throw new RefusedError(
    `--source ${source}: it holds no service.yaml, and none of ${Object.keys(common.services).map(declared).join(", ")}; ` +
      "name a checkout of this project, or the folder of one service",
  );
}
