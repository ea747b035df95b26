import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isRecord, textIn } from "./json";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Who we are to which registry: what the provider was told, else what `docker login` left behind. */
export class CredentialStore {
  constructor(private readonly known: ReadonlyMap<string, Credentials>) {}

  static load(registryAuth: unknown, env: NodeJS.ProcessEnv = process.env): CredentialStore {
    const known = new Map<string, Credentials>(fromDockerConfig(dockerConfigText(env.DOCKER_CONFIG)));
    for (const entry of Array.isArray(registryAuth) ? (registryAuth as unknown[]) : []) {
      const file = textIn(entry, "configFile");
      const content = textIn(entry, "configFileContent") ?? (file === undefined ? undefined : dockerConfigText(file));
      for (const [host, credentials] of fromDockerConfig(content)) known.set(host, credentials);
      const address = textIn(entry, "address");
      const username = textIn(entry, "username") ?? env.DOCKER_REGISTRY_USER;
      const password = textIn(entry, "password") ?? env.DOCKER_REGISTRY_PASS;
      if (address === undefined || username === undefined || password === undefined) continue;
      known.set(hostOf(address), { username, password });
    }
    return new CredentialStore(known);
  }

  forRegistry(registry: string): Credentials | undefined {
    return this.known.get(registry);
  }

  /** As the Docker Engine takes them for a build, which may pull from several registries. */
  get all(): Readonly<Record<string, Credentials>> {
    return Object.fromEntries(this.known);
  }
}

/** `https://index.docker.io/v1/` is docker.io, `https://registry.example/v2/` is registry.example. */
export function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** The header in which the Docker Engine takes credentials. */
export const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function dockerConfigText(place: string | undefined): string | undefined {
  const path = place ?? join(homedir(), ".docker");
  for (const candidate of [path, join(path, "config.json")]) {
    try {
      return readFileSync(candidate, "utf8");
    } catch {
      // a folder, or nothing there: no credentials
    }
  }
  return undefined;
}

function fromDockerConfig(text: string | undefined): readonly (readonly [string, Credentials])[] {
  if (text === undefined) return [];
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return [];
  }
  const auths = isRecord(config) && isRecord(config.auths) ? config.auths : {};
  return Object.entries(auths).flatMap(([address, entry]) => {
    const [, username, password] =
      /^([^:]*):(.*)$/s.exec(Buffer.from(textIn(entry, "auth") ?? "", "base64").toString()) ?? [];
    if (username === undefined || password === undefined) return [];
    return [[hostOf(address), { username, password }] as const];
  });
}
