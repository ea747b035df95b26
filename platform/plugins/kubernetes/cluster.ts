/** The cluster as one provider process sees it: its settings, its client, and what a preview may ask of it. */
import { isProperties, isSecret, isUnknown, messageOf, type Log, type Properties } from "../../rpc";
import { KubeApiError, UnknownKindError } from "../../kube/errors";
import { describe, KubeClient, refOf, type KubeObject, type ObjectRef } from "../../kube/client";
import { pause } from "../../kube/watch";
import { lookUp } from "./await/wait";
import type { Settings } from "./settings";
import { parseId, type ObjectType } from "./tokens";

export interface ApplyRequest {
  readonly fieldManager: string;
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export class Cluster {
  private loaded: KubeClient | undefined;

  constructor(readonly settings: Settings) {}

  /** @throws KubeUnreachableError */
  client(): KubeClient {
    const { kubeconfig, context, clusterUnknown } = this.settings;
    if (clusterUnknown) throw new Error("the provider's kubeconfig or context is not known yet");
    this.loaded ??= KubeClient.load({
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    });
    return this.loaded;
  }

  /** Puts a namespaced object into its namespace: its own, the provider's, the context's; takes it off any other object. */
  async placed(inputs: Properties, type: ObjectType): Promise<Properties> {
    const { metadata } = inputs;
    if (isSecret(metadata) || isUnknown(metadata) || !isProperties(metadata)) return inputs;
    const namespaced = await this.isNamespaced(type);
    const { namespace, ...rest } = metadata;
    if (namespaced === false) return { ...inputs, metadata: rest };
    if (namespace !== undefined || namespaced === undefined) return inputs;
    return { ...inputs, metadata: { ...metadata, namespace: this.defaultNamespace() } };
  }

  async refOf(type: ObjectType, id: string): Promise<ObjectRef> {
    const { name, namespace } = parseId(id);
    const place = namespace ?? ((await this.isNamespaced(type)) ? this.defaultNamespace() : undefined);
    return { ...type, name, namespace: place };
  }

  find(ref: ObjectRef, signal: AbortSignal): Promise<KubeObject | undefined> {
    return lookUp(this.client(), ref, signal);
  }

  /** @throws KubeApiError in the API server's words, with advice where fields have another owner. */
  async apply(
    object: KubeObject,
    { fieldManager, force, signal, log }: ApplyRequest,
    dryRun = false,
  ): Promise<KubeObject> {
    try {
      const forced = force || !this.settings.serverSideApply;
      const onWarning = (warning: string) => {
        if (!this.settings.suppressDeprecationWarnings || !/deprecated/i.test(warning)) log.warn(warning);
      };
      return await patiently(signal, () =>
        this.client().apply(object, { fieldManager, force: forced, dryRun, signal, onWarning }),
      );
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      if (error.reason === "Conflict") log.debug(`${describe(refOf(object))}: ${error.message}`);
      throw explained(error, object);
    }
  }

  /**
   * A dry run. Undefined when it can say nothing: what the object needs is made by the same update, we may not ask, or the
   * object is to be made anew (`replacing`) and the old one, which goes first, is still in its place.
   */
  async tryOut(object: KubeObject, request: ApplyRequest, replacing: boolean): Promise<KubeObject | undefined> {
    if (this.settings.clusterUnknown) return undefined;
    try {
      return await this.apply(object, request, true);
    } catch (error) {
      if (error instanceof UnknownKindError || isMissingNamespace(error)) return undefined;
      if (replacing && isImmutability(error) && (await this.find(refOf(object), request.signal))) return undefined;
      if (error instanceof KubeApiError && error.reason === "Forbidden") {
        request.log.warn(`${describe(refOf(object))} is not validated in this preview: ${error.message}`);
        return undefined;
      }
      if (error instanceof KubeApiError && /does not support dry run/i.test(error.message)) return undefined;
      throw error;
    }
  }

  /** Undefined when the cluster cannot say yet. */
  private async isNamespaced(type: ObjectType): Promise<boolean | undefined> {
    if (this.settings.clusterUnknown) return undefined;
    try {
      return (await this.client().kind(type)).namespaced;
    } catch (error) {
      if (error instanceof UnknownKindError) return undefined;
      throw error;
    }
  }

  private defaultNamespace(): string {
    return this.settings.namespace ?? this.client().namespace ?? "default";
  }
}

const APPLY_ATTEMPTS = 4;
const APPLY_RETRY_MS = 500;
/** Too many requests, or a control plane that is being restarted. Applying the same object again is safe. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= APPLY_ATTEMPTS || !(error instanceof KubeApiError) || !PASSING.has(error.status)) throw error;
      await pause(APPLY_RETRY_MS * 2 ** (attempt - 1), signal);
    }
  }
}

/** The API has no reason word for it: it says so in the text. */
function isImmutability(error: unknown): boolean {
  return (
    error instanceof KubeApiError &&
    error.status === 422 &&
    /immutable|forbidden|may not (be )?change/i.test(error.message)
  );
}

function isMissingNamespace(error: unknown): boolean {
  return error instanceof KubeApiError && error.reason === "NotFound" && error.details.kind === "namespaces";
}

/** The server's own words, with the object in front and, for a conflict, the way out behind. */
function explained(error: KubeApiError, object: KubeObject): Error {
  const where = describe(refOf(object));
  const advice =
    error.reason === "Conflict" && /conflict with/.test(error.message)
      ? `. Leave these fields to their owner, or take them over with the annotation pulumi.com/patchForce: "true"`
      : "";
  const words = messageOf(error);
  return new KubeApiError(error.status, error.reason, `${where}: ${words}${advice}`, error.details);
}
