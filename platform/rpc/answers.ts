/** One answer per method of the resource-provider protocol: from the message to the handler and back. */
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { EngineLog } from "./log";
import type {
  Awaitable,
  CheckFailure,
  CheckResult,
  DiffKind,
  DiffResult,
  ProviderDefinition,
  ResourceOperation,
} from "./provider";
import { parseUrn } from "./urn";
import { fromStruct, sameValue, toStruct } from "./values";

/** By method name of the gRPC service; the service hands each method the message that is meant for it. */
export type Answers = Readonly<
  Record<string, ((request: unknown, signal: AbortSignal) => Awaitable<unknown>) | undefined>
>;

export function answers(provider: ProviderDefinition, log: EngineLog, cancel: () => void): Answers {
  const about = (urn: string, signal: AbortSignal): ResourceOperation => {
    const { type, name } = parseUrn(urn);
    const engine = log.address === undefined ? {} : { engine: log.address };
    return { urn, type, name, ...engine, signal, log: log.forResource(urn) };
  };
  const general = (signal: AbortSignal) => ({ signal, log: log.forResource("") });

  const methods = {
    handshake(request: pb.ProviderHandshakeRequest) {
      const engine = request.getEngineAddress();
      if (engine) log.connect(engine);
      const response = new pb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    },
    attach(request: PluginAttach) {
      log.connect(request.getAddress());
      return new Empty();
    },
    getPluginInfo() {
      const response = new PluginInfo();
      response.setVersion(provider.version);
      return response;
    },
    getSchema() {
      const response = new pb.GetSchemaResponse();
      response.setSchema(JSON.stringify(provider.schema?.() ?? { name: provider.name, version: provider.version }));
      return response;
    },
    cancel() {
      cancel();
      return new Empty();
    },

    async checkConfig(request: pb.CheckRequest, signal: AbortSignal) {
      const args = fromStruct(request.getNews());
      const result = await provider.checkConfig?.({ ...general(signal), args, olds: fromStruct(request.getOlds()) });
      return checked(result ?? { inputs: args });
    },
    async diffConfig(request: pb.DiffRequest, signal: AbortSignal) {
      const olds = fromStruct(request.getOldInputs() ?? request.getOlds());
      const news = fromStruct(request.getNews());
      return differs(
        (await provider.diffConfig?.({ ...general(signal), olds, news })) ?? { changes: !sameValue(olds, news) },
      );
    },
    async configure(request: pb.ConfigureRequest, signal: AbortSignal) {
      await provider.configure({ ...general(signal), args: fromStruct(request.getArgs()) });
      const response = new pb.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    },
    async invoke(request: pb.InvokeRequest, signal: AbortSignal) {
      if (!provider.invoke) throw new Error(`${provider.name} has no functions, so no ${request.getTok()}`);
      const { result, failures } = await provider.invoke(request.getTok(), {
        ...general(signal),
        args: fromStruct(request.getArgs()),
        preview: request.getPreview(),
      });
      const response = new pb.InvokeResponse();
      response.setReturn(toStruct(result));
      response.setFailuresList(failed(failures));
      return response;
    },

    async check(request: pb.CheckRequest, signal: AbortSignal) {
      const seed = request.getRandomseed_asU8();
      const of = about(request.getUrn(), signal);
      return checked(
        await provider.resource(of.type).check({
          ...of,
          olds: fromStruct(request.getOlds()),
          news: fromStruct(request.getNews()),
          ...(seed.length > 0 && { randomSeed: seed }),
        }),
      );
    },
    async diff(request: pb.DiffRequest, signal: AbortSignal) {
      const of = about(request.getUrn(), signal);
      return differs(
        await provider.resource(of.type).diff({
          ...of,
          id: request.getId(),
          oldInputs: fromStruct(request.getOldInputs()),
          olds: fromStruct(request.getOlds()),
          news: fromStruct(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        }),
      );
    },
    async create(request: pb.CreateRequest, signal: AbortSignal) {
      const of = about(request.getUrn(), signal);
      const { id, outputs, refreshBeforeUpdate } = await provider.resource(of.type).create({
        ...of,
        inputs: fromStruct(request.getProperties()),
        preview: request.getPreview(),
        ...timeout(request.getTimeout()),
      });
      const response = new pb.CreateResponse();
      response.setId(id);
      response.setProperties(toStruct(outputs));
      response.setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
      return response;
    },
    async update(request: pb.UpdateRequest, signal: AbortSignal) {
      const of = about(request.getUrn(), signal);
      const { outputs, refreshBeforeUpdate } = await provider.resource(of.type).update({
        ...of,
        id: request.getId(),
        oldInputs: fromStruct(request.getOldInputs()),
        olds: fromStruct(request.getOlds()),
        inputs: fromStruct(request.getNews()),
        preview: request.getPreview(),
        ignoreChanges: request.getIgnorechangesList(),
        ...timeout(request.getTimeout()),
      });
      const response = new pb.UpdateResponse();
      response.setProperties(toStruct(outputs));
      response.setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
      return response;
    },
    async read(request: pb.ReadRequest, signal: AbortSignal) {
      const of = about(request.getUrn(), signal);
      const found = await provider.resource(of.type).read({
        ...of,
        id: request.getId(),
        inputs: fromStruct(request.getInputs()),
        olds: fromStruct(request.getProperties()),
      });
      const response = new pb.ReadResponse();
      if (!found) return response; // an empty id says that it is gone
      response.setId(found.id);
      response.setInputs(toStruct(found.inputs));
      response.setProperties(toStruct(found.outputs));
      response.setRefreshBeforeUpdate(found.refreshBeforeUpdate ?? false);
      return response;
    },
    async delete(request: pb.DeleteRequest, signal: AbortSignal) {
      const of = about(request.getUrn(), signal);
      await provider.resource(of.type).delete({
        ...of,
        id: request.getId(),
        oldInputs: fromStruct(request.getOldInputs()),
        olds: fromStruct(request.getProperties()),
        ...timeout(request.getTimeout()),
      });
      return new Empty();
    },
  };
  return methods as Answers;
}

const timeout = (seconds: number) => (seconds > 0 ? { timeoutSeconds: seconds } : {});

function failed(failures: readonly CheckFailure[] = []): pb.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    const failure = new pb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });
}

function checked({ inputs, failures }: CheckResult): pb.CheckResponse {
  const response = new pb.CheckResponse();
  response.setInputs(toStruct(inputs));
  response.setFailuresList(failed(failures));
  return response;
}

const KINDS: Readonly<Record<DiffKind, pb.PropertyDiff.Kind>> = {
  add: pb.PropertyDiff.Kind.ADD,
  "add-replace": pb.PropertyDiff.Kind.ADD_REPLACE,
  delete: pb.PropertyDiff.Kind.DELETE,
  "delete-replace": pb.PropertyDiff.Kind.DELETE_REPLACE,
  update: pb.PropertyDiff.Kind.UPDATE,
  "update-replace": pb.PropertyDiff.Kind.UPDATE_REPLACE,
};

function differs(result: DiffResult): pb.DiffResponse {
  const { SOME, NONE } = { SOME: pb.DiffResponse.DiffChanges.DIFF_SOME, NONE: pb.DiffResponse.DiffChanges.DIFF_NONE };
  const response = new pb.DiffResponse();
  response.setChanges(result.changes ? SOME : NONE);
  response.setReplacesList([...(result.replaces ?? [])]);
  response.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  response.setStablesList([...(result.stables ?? [])]);
  if (!result.detailed) return response;
  response.setHasdetaileddiff(true);
  for (const [path, { kind, inputDiff }] of Object.entries(result.detailed)) {
    const diff = new pb.PropertyDiff();
    diff.setKind(KINDS[kind]);
    diff.setInputdiff(inputDiff ?? false);
    response.getDetaileddiffMap().set(path, diff);
  }
  response.setDiffsList([...new Set(Object.keys(result.detailed).map((path) => /^[^.[]+/.exec(path)?.[0] ?? path))]);
  return response;
}
