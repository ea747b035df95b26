/** Which kinds the API server has, and where: asked once per group-version, and again when a kind is missing. */
import { apiErrorOf, UnknownKindError } from "./errors";
import type { KindRef } from "./objects";
import type { Answer } from "./transport";

export interface KindInfo {
  /** Plural name in paths: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

type Kinds = ReadonlyMap<string, KindInfo>;

export class Discovery {
  private readonly known = new Map<string, Promise<Kinds>>();

  constructor(private readonly get: (path: string) => Promise<Answer>) {}

  /** @throws UnknownKindError */
  async kind(apiVersion: string, kind: string): Promise<KindInfo> {
    const cached = this.known.get(apiVersion);
    const info =
      (await cached?.catch(() => undefined))?.get(kind) ?? (await this.refresh(apiVersion, cached)).get(kind);
    if (!info) throw new UnknownKindError(apiVersion, kind);
    return info;
  }

  /** Path of one object, or of the collection when no name is given. */
  async path({ apiVersion, kind, namespace }: KindRef, name?: string): Promise<string> {
    const { plural, namespaced } = await this.kind(apiVersion, kind);
    const place = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : "";
    if (namespaced && name !== undefined && namespace === undefined) {
      throw new Error(`a ${kind} lives in a namespace: none was given for ${name}`);
    }
    return `${groupPath(apiVersion)}${place}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
  }

  /** Asks again, unless somebody else has done so since `seen`. */
  private refresh(apiVersion: string, seen: Promise<Kinds> | undefined): Promise<Kinds> {
    const current = this.known.get(apiVersion);
    if (current && current !== seen) return current;
    const asked = this.ask(apiVersion);
    this.known.set(apiVersion, asked);
    asked.catch(() => {
      if (this.known.get(apiVersion) === asked) this.known.delete(apiVersion);
    });
    return asked;
  }

  private async ask(apiVersion: string): Promise<Kinds> {
    const answer = await this.get(groupPath(apiVersion));
    if (answer.status === 404) return new Map();
    if (answer.status !== 200) throw apiErrorOf(answer.status, answer.text);
    const { resources = [] } = JSON.parse(answer.text) as {
      resources?: { name: string; kind: string; namespaced: boolean }[];
    };
    const main = resources.filter(({ name }) => !name.includes("/")); // the others are subresources: deployments/scale
    return new Map(main.map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]));
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
