/** A Kubernetes client for any kind, known by its apiVersion and kind alone. */
import { ClusterAccess, type AccessOptions } from "./access";
import { Discovery, type KindInfo } from "./discovery";
import { apiErrorOf, KubeUnreachableError } from "./errors";
import { describe, refOf, type KindRef, type KubeObject, type ObjectRef } from "./objects";
import { isTimeout, Transport, type Answer, type RequestOptions } from "./transport";
import { pause, watchEvents, type WatchEvent } from "./watch";

export type { KindInfo, KindRef, KubeObject, ObjectRef, WatchEvent };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Who owns the fields that are written. */
  readonly fieldManager?: string;
  /** Everything but the storing: validation, defaults, admission. */
  readonly dryRun?: boolean;
  /** Told what the API server warns of: deprecated versions, unwise settings. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes over fields that somebody else owns; without it that is a Conflict. */
  readonly force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  readonly type: "merge" | "json" | "strategic" | "apply";
  readonly force?: boolean;
  readonly subresource?: string;
}

export interface DeleteOptions extends CallOptions {
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  /** Refused with a Conflict when the object is no longer this one. */
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly gracePeriodSeconds?: number;
}

export interface Selection extends CallOptions {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** A read is tried again while the answer is one that passes: too many requests, or a server that is just starting. */
const READ_ATTEMPTS = 4;
const READ_RETRY_MS = 150;
const PAGE = 500;

export class KubeClient {
  private readonly discovery: Discovery;

  private constructor(
    private readonly access: ClusterAccess,
    private readonly transport: Transport,
  ) {
    this.discovery = new Discovery((path) => this.read(path));
  }

  /** Reads the kubeconfig only; the cluster is not asked. @throws KubeUnreachableError */
  static load(options: AccessOptions = {}): KubeClient {
    const access = ClusterAccess.load(options);
    return new KubeClient(access, new Transport(access));
  }

  get context(): string {
    return this.access.context;
  }

  get server(): string {
    return this.access.server;
  }

  /** The namespace of the kubeconfig's context. */
  get namespace(): string | undefined {
    return this.access.namespace;
  }

  /** @throws UnknownKindError */
  kind({ apiVersion, kind }: KindRef): Promise<KindInfo> {
    return this.discovery.kind(apiVersion, kind);
  }

  /** `undefined` when it does not exist. @throws UnknownKindError when its kind does not. */
  async get(ref: ObjectRef, { signal }: CallOptions = {}): Promise<KubeObject | undefined> {
    const answer = await this.read(await this.discovery.path(ref, ref.name), { signal });
    return answer.status === 404 ? undefined : objectOf(answer);
  }

  async list(of: KindRef, selection: Selection = {}): Promise<KubeObject[]> {
    return (await this.listAt(of, selection)).items;
  }

  /** Server-side apply: creates the object, or makes the given fields ours in the one that is there. */
  async apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    return this.patch(refOf(object), object, { ...options, type: "apply" });
  }

  async create(object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const { apiVersion, kind, metadata } = object;
    const path = await this.discovery.path({ apiVersion, kind, namespace: metadata.namespace });
    return objectOf(await this.transport.send("POST", path, { ...writing(options), body: object }));
  }

  /** With `metadata.resourceVersion` set, a write by somebody else in between is a Conflict. */
  async replace(object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const ref = refOf(object);
    const path = await this.discovery.path(ref, ref.name);
    return objectOf(await this.transport.send("PUT", path, { ...writing(options), body: object }));
  }

  async patch(
    ref: ObjectRef,
    body: unknown,
    { type, force, subresource, ...options }: PatchOptions,
  ): Promise<KubeObject> {
    const path = await this.discovery.path(ref, ref.name);
    const { query, signal } = writing(options);
    const answer = await this.transport.send("PATCH", subresource === undefined ? path : `${path}/${subresource}`, {
      query: { ...query, force },
      signal,
      headers: { "Content-Type": PATCH_TYPES[type] },
      body: JSON.stringify(body),
    });
    if (options.onWarning) warningsOf(answer).forEach(options.onWarning);
    return objectOf(answer);
  }

  /** False when there was nothing to delete. Deletion goes on after this returns where finalizers or pods are involved. */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { propagation, resourceVersion, uid, gracePeriodSeconds, signal } = options;
    const preconditions = (resourceVersion ?? uid) ? { preconditions: { resourceVersion, uid } } : {};
    const body = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      propagationPolicy: propagation,
      gracePeriodSeconds,
      ...preconditions,
    };
    const answer = await this.transport.send("DELETE", await this.discovery.path(ref, ref.name), { body, signal });
    if (answer.status === 404) return false;
    if (answer.status >= 300) throw apiErrorOf(answer.status, answer.text);
    return true;
  }

  /**
   * What is there, then every change, until the signal ends it by throwing its reason. Reconnects by itself. `onListed` is
   * told when all that is there has been reported, at the start and after each loss of the position.
   */
  async *watch(
    of: KindRef & { labelSelector?: string; fieldSelector?: string; onListed?: () => void; signal: AbortSignal },
  ): AsyncGenerator<WatchEvent, never> {
    const { labelSelector, fieldSelector, onListed, signal } = of;
    return yield* watchEvents({
      transport: this.transport,
      path: await this.discovery.path(of),
      query: { labelSelector, fieldSelector },
      list: () => this.listAt(of, { labelSelector, fieldSelector, signal }),
      onListed,
      signal,
    });
  }

  /** One request as it is: logs, service proxies, access reviews. No retry, and no status is an error. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.transport.send(method, path, options);
  }

  private async listAt(of: KindRef, { labelSelector, fieldSelector, signal }: Selection) {
    const path = await this.discovery.path(of);
    const items: KubeObject[] = [];
    for (let next: string | undefined; ;) {
      const query = { labelSelector, fieldSelector, limit: PAGE, continue: next };
      const page = pageOf(await this.read(path, { query, signal }));
      // Items of a list come without their kind.
      items.push(...page.items.map((item) => ({ ...item, apiVersion: of.apiVersion, kind: of.kind })));
      next = page.metadata.continue || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  private async read(path: string, options: RequestOptions = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const wait = READ_RETRY_MS * 2 ** attempt;
      try {
        const answer = await this.transport.send("GET", path, options);
        if (attempt >= READ_ATTEMPTS || (answer.status !== 429 && answer.status < 500)) return answer;
      } catch (error) {
        if (attempt >= READ_ATTEMPTS || !(error instanceof KubeUnreachableError) || isTimeout(error)) throw error;
      }
      await pause(wait, options.signal);
    }
  }
}

function writing({ fieldManager, dryRun, signal }: WriteOptions) {
  return { query: { fieldManager, dryRun: dryRun ? "All" : undefined, fieldValidation: "Strict" }, signal };
}

function objectOf(answer: Answer): KubeObject {
  if (answer.status >= 300) throw apiErrorOf(answer.status, answer.text);
  return JSON.parse(answer.text) as KubeObject;
}

/** Of `299 - "text"`, repeated and comma-separated, the texts. */
function warningsOf({ headers }: Answer): string[] {
  const header = typeof headers.warning === "string" ? headers.warning : "";
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replaceAll('\\"', '"'));
}

interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

function pageOf(answer: Answer): Page {
  if (answer.status >= 300) throw apiErrorOf(answer.status, answer.text);
  return JSON.parse(answer.text) as Page;
}

export { describe, refOf };
