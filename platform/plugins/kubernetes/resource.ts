/** One kind of object: from the program's wishes to the API and back. */
import {
  Cancelled,
  containsUnknown,
  isProperties,
  isUnknown,
  messageOf,
  PartialFailure,
  reveal,
  sameValue,
  toProperties,
  withSecretsOf,
  type CheckFailure,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type Properties,
  type ReadRequest,
  type ReadResult,
  type ResourceHandler,
  type UpdateRequest,
  type UpdateResult,
} from "../../rpc";
import { KubeUnreachableError } from "../../kube/errors";
import { refOf, type KubeObject } from "../../kube/client";
import type { Cluster } from "./cluster";
import { changesBetween, changesOfMentioned, diffResult, valueAt } from "./diff";
import { forcesReplacement } from "./immutable";
import {
  isForced,
  manifestOf,
  MEMORY,
  previewOutputs,
  propagationOf,
  settledOnly,
  skipsAwait,
  timeoutOf,
  ANNOTATION,
} from "./manifest";
import { fieldManagerOf, isAutonamed, named } from "./naming";
import { inputsFromLive, outputsFromLive, project, sameButForNoise } from "./projection";
import { guarded, keepSecret, redactor, withStringData } from "./secrets";
import { annotationsOf, idOf, metadataOf, objectTypeIn, type ObjectType } from "./tokens";
import { parseExpectations, WAIT_FOR } from "./await/custom";
import { DEFAULT_TIMEOUT_SECONDS, NotReady, unreadiness, untilGone, untilReady } from "./await/wait";

export class KubernetesResource implements ResourceHandler {
  constructor(private readonly cluster: Cluster) {}

  async check({ type: token, name, olds, news, randomSeed }: CheckRequest): Promise<CheckResult> {
    const type = objectTypeIn(token, news);
    const { __defaults: _defaults, ...rest } = news;
    const inputs = named({ ...rest, ...type }, olds, name, randomSeed);
    return { inputs: guarded(await this.cluster.placed(inputs, type), type), failures: failuresOf(inputs) };
  }

  diff({ type: token, oldInputs, olds, news, ignoreChanges }: DiffRequest): DiffResult {
    const type = objectTypeIn(token, news);
    const wanted = reveal(news);
    const stored = reveal(oldInputs);
    // What was applied last, which after a failed update is not what the engine calls the old inputs.
    const memory = reveal(olds)[MEMORY.inputs];
    const applied = isProperties(memory) ? memory : stored;
    const ours = olds[MEMORY.fieldManager] !== undefined;
    const [before, after] = [metadataOf(stored), metadataOf(news)];
    return diffResult({
      changes: ours ? changesBetween(applied, wanted) : changesOfMentioned(applied, wanted),
      replaces: forcesReplacement(type, wanted, this.cluster.settings.mutable),
      inInputs: (path) => !sameValue(valueAt(stored, path), valueAt(wanted, path)),
      ignoreChanges,
      sameAddress: !isAutonamed(news) && before.name === after.name && before.namespace === after.namespace,
    });
  }

  async create(request: CreateRequest): Promise<CreateResult> {
    const { inputs, preview, urn } = request;
    const type = objectTypeIn(request.type, inputs);
    const fieldManager = managerOf(inputs) ?? fieldManagerOf(urn);
    if (preview) {
      return {
        id: "",
        outputs: await this.foresee(request, type, { fieldManager, force: isForced(inputs), replacing: true }),
      };
    }
    const applied = await this.apply(request, fieldManager, isForced(inputs));
    const outputs = await this.awaited(request, applied, type, fieldManager);
    return { id: idOf(applied), outputs };
  }

  async update(request: UpdateRequest): Promise<UpdateResult> {
    const { inputs, olds, preview, urn } = request;
    const type = objectTypeIn(request.type, inputs);
    const known = olds[MEMORY.fieldManager];
    const fieldManager = managerOf(inputs) ?? (typeof known === "string" ? known : fieldManagerOf(urn));
    // An imported object was somebody else's: importing it is the word to take it over.
    const force = isForced(inputs) || known === undefined;
    if (preview) return { outputs: await this.foresee(request, type, { fieldManager, force, replacing: false }) };
    const applied = await this.apply(request, fieldManager, force);
    return { outputs: await this.awaited(request, applied, type, fieldManager) };
  }

  async read({ id, type: token, inputs, olds, signal, log, urn }: ReadRequest): Promise<ReadResult | undefined> {
    const type = objectTypeIn(token, inputs);
    const live = await this.cluster.find(await this.cluster.refOf(type, id), signal);
    if (!live) return undefined;
    const found = toProperties(live);
    const imported = Object.keys(inputs).length === 0;
    const memory = olds[MEMORY.inputs];
    const applied = isProperties(memory) ? memory : inputs;
    const before = withStringData(reveal(olds), applied, type);
    const now = withStringData(found, applied, type);
    const seen = imported ? inputsFromLive(found) : withSecretsOf(project(reveal(applied), { before, now }), applied);
    const current = guarded(seen, type);
    const outputs = this.outputs(live, imported ? undefined : current, olds, type);
    const unready = skipsAwait(current) || imported ? undefined : unreadiness(live);
    if (unready !== undefined) {
      log.debug(`${urn}: ${unready}`);
      throw new PartialFailure({ id: idOf(live), properties: outputs, inputs: current, reasons: [unready] });
    }
    return {
      id: idOf(live),
      inputs: current,
      outputs: sameButForNoise(reveal(outputs), reveal(olds)) ? olds : outputs,
    };
  }

  async delete({ id, type: token, oldInputs, olds, timeoutSeconds, signal, log }: DeleteRequest): Promise<void> {
    const inputs = Object.keys(oldInputs).length > 0 ? oldInputs : olds;
    const type = objectTypeIn(token, inputs);
    try {
      const ref = await this.cluster.refOf(type, id);
      const uid = metadataOf(olds).uid;
      const kube = this.cluster.client();
      if (!(await this.cluster.find(ref, signal))) return;
      if (!(await kube.delete(ref, { propagation: propagationOf(inputs), signal })) || skipsAwait(inputs)) return;
      await untilGone(kube, ref, uid, {
        timeoutSeconds: timeoutOf(inputs, timeoutSeconds, DEFAULT_TIMEOUT_SECONDS),
        signal,
        log,
      });
    } catch (error) {
      if (!(error instanceof KubeUnreachableError) || !this.cluster.settings.deleteUnreachable) throw error;
      log.warn(`${error.message}; the object is forgotten, as the provider's deleteUnreachable asks`);
    }
  }

  private async apply(request: CreateRequest, fieldManager: string, force: boolean): Promise<KubeObject> {
    const { inputs, signal, log, timeoutSeconds } = request;
    const object = manifestOf(inputs);
    try {
      const applied = await this.cluster.apply(object, { fieldManager, force, signal, log });
      if (applied.metadata.deletionTimestamp === undefined) return applied;
      // Somebody deleted it and it is still on its way out: what was written would go with it.
      const seconds = timeoutOf(inputs, timeoutSeconds, DEFAULT_TIMEOUT_SECONDS);
      const kube = this.cluster.client();
      await untilGone(kube, refOf(applied), applied.metadata.uid, { timeoutSeconds: seconds, signal, log });
      return await this.cluster.apply(object, { fieldManager, force, signal, log });
    } catch (error) {
      throw refusal(error, redactor(inputs));
    }
  }

  /** Has the API server check and complete the object without storing it, as far as it is known. */
  private async foresee(
    { inputs, signal, log }: CreateRequest,
    type: ObjectType,
    { replacing, ...owner }: { readonly fieldManager: string; readonly force: boolean; readonly replacing: boolean },
  ): Promise<Properties> {
    if (containsUnknown(inputs)) return previewOutputs(inputs);
    try {
      const answer = await this.cluster.tryOut(manifestOf(inputs), { ...owner, signal, log }, replacing);
      if (!answer) return previewOutputs(inputs);
      const complete = settledOnly(toProperties(outputsFromLive(toProperties(answer))), inputs);
      return keepSecret(previewOutputs(complete), inputs, type);
    } catch (error) {
      throw refusal(error, redactor(inputs));
    }
  }

  /** The outputs once the object is ready. What failed after it was stored leaves it in the state, as a partial failure. */
  private async awaited(
    request: CreateRequest,
    applied: KubeObject,
    type: ObjectType,
    fieldManager: string,
  ): Promise<Properties> {
    const { inputs, signal, log, timeoutSeconds } = request;
    const outputs = (object: KubeObject) => this.outputs(object, inputs, { [MEMORY.fieldManager]: fieldManager }, type);
    if (skipsAwait(inputs)) return outputs(applied);
    try {
      const seconds = timeoutOf(inputs, timeoutSeconds, DEFAULT_TIMEOUT_SECONDS);
      return outputs(await untilReady(this.cluster.client(), applied, { timeoutSeconds: seconds, signal, log }));
    } catch (error) {
      const redact = redactor(inputs);
      const state = { id: idOf(applied), inputs };
      if (error instanceof NotReady) {
        throw new PartialFailure(
          { ...state, properties: outputs(error.object), reasons: error.reasons.map(redact) },
          { cause: error },
        );
      }
      const where = `${applied.kind} ${idOf(applied)}`;
      const reason =
        error instanceof Cancelled
          ? `${where} was applied, but the wait for it was stopped: ${error.message}`
          : `${where} was applied, but: ${redact(messageOf(error))}`;
      throw new PartialFailure({ ...state, properties: outputs(applied), reasons: [reason] }, { cause: error });
    }
  }

  private outputs(live: KubeObject, inputs: Properties | undefined, olds: Properties, type: ObjectType): Properties {
    const outputs = keepSecret(outputsFromLive(toProperties(live)), inputs ?? {}, type);
    const fieldManager = olds[MEMORY.fieldManager];
    if (inputs === undefined || fieldManager === undefined) return outputs;
    const memory = {
      [MEMORY.inputs]: inputs,
      [MEMORY.fieldManager]: fieldManager,
      [MEMORY.apiVersion]: live.apiVersion,
    };
    return { ...outputs, ...memory };
  }
}

function failuresOf(inputs: Properties): CheckFailure[] {
  const wanted = annotationsOf(inputs)[WAIT_FOR];
  if (typeof wanted !== "string" || isUnknown(wanted)) return [];
  try {
    parseExpectations(wanted);
    return [];
  } catch (error) {
    return [{ property: `metadata.annotations["${WAIT_FOR}"]`, reason: messageOf(error) }];
  }
}

function managerOf(inputs: Properties): string | undefined {
  const manager = annotationsOf(inputs)[ANNOTATION.fieldManager];
  return typeof manager === "string" && !isUnknown(manager) ? manager : undefined;
}

function refusal(error: unknown, redact: (text: string) => string): unknown {
  if (!(error instanceof Error) || error instanceof Cancelled) return error;
  const message = redact(error.message);
  return message === error.message ? error : new Error(message);
}
