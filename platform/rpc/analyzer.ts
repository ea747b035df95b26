/** Serves a policy pack to the Pulumi engine: the analyzer's half of the plugin protocol. */
import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/analyzer_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { toGrpcError } from "./errors";
import { leaveWithTheEngine } from "./leave";
import { fromStruct, type Properties } from "./values";

/** The run that is judged. */
export interface AnalyzedStack {
  readonly stack: string;
  readonly project: string;
  readonly preview: boolean;
  /** Values of the stack's configuration as texts, by full key. */
  readonly config: Readonly<Record<string, string>>;
}

export interface AnalyzedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly provider?: { readonly type: string; readonly inputs: Properties };
}

/** Fails the run; there are no warnings. */
export interface Breach {
  readonly policy: string;
  readonly message: string;
}

export interface AnalyzerDefinition {
  readonly name: string;
  readonly version: string;
  readonly policies: readonly { readonly name: string; readonly description: string }[];
  /** Comes before everything else. */
  readonly configure: (stack: AnalyzedStack) => void;
  /** Asked about each resource when its provider has checked it, before anything is done with it. */
  readonly analyze: (resource: AnalyzedResource) => readonly Breach[];
}

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** Does not return until the engine is done with this process; then the process leaves. */
export function serveAnalyzer(analyzer: AnalyzerDefinition): void {
  leaveWithTheEngine(() => Promise.resolve());
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const answers = answersOf(analyzer);
  server.addService(
    AnalyzerService,
    Object.fromEntries(Object.keys(AnalyzerService).map((method) => [method, serve(answers[method])])),
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`${analyzer.name}: cannot listen: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}

type Answer = (request: unknown) => unknown;

const serve =
  (answer: Answer | undefined): handleUnaryCall<unknown, unknown> =>
  (call, callback) => {
    if (!answer) {
      callback({ code: status.UNIMPLEMENTED, details: "not implemented" });
      return;
    }
    try {
      callback(null, answer(call.request));
    } catch (error) {
      callback(toGrpcError(error));
    }
  };

function answersOf(analyzer: AnalyzerDefinition): Readonly<Record<string, Answer | undefined>> {
  const { name, version, policies } = analyzer;
  const methods = {
    handshake: () => new pb.AnalyzerHandshakeResponse(),
    configure: () => new Empty(),
    configureStack(request: pb.AnalyzerStackConfigureRequest) {
      analyzer.configure({
        stack: request.getStack(),
        project: request.getProject(),
        preview: request.getDryRun(),
        config: Object.fromEntries(request.getConfigMap().entries()),
      });
      return new pb.AnalyzerStackConfigureResponse();
    },
    getPluginInfo() {
      const response = new PluginInfo();
      response.setVersion(version);
      return response;
    },
    getAnalyzerInfo() {
      const response = new pb.AnalyzerInfo();
      response.setName(name);
      response.setVersion(version);
      response.setPoliciesList(policies.map((policy) => describe(policy)));
      return response;
    },
    analyze(request: pb.AnalyzeRequest) {
      const provider = request.getProvider();
      const breaches = analyzer.analyze({
        urn: request.getUrn(),
        type: request.getType(),
        name: request.getName(),
        inputs: fromStruct(request.getProperties()),
        ...(provider && { provider: { type: provider.getType(), inputs: fromStruct(provider.getProperties()) } }),
      });
      const response = new pb.AnalyzeResponse();
      response.setDiagnosticsList(
        breaches.map(({ policy, message }) => {
          const diagnostic = new pb.AnalyzeDiagnostic();
          diagnostic.setPolicyname(policy);
          diagnostic.setPolicypackname(name);
          diagnostic.setPolicypackversion(version);
          diagnostic.setDescription(policies.find((one) => one.name === policy)?.description ?? "");
          diagnostic.setMessage(message);
          diagnostic.setUrn(request.getUrn());
          diagnostic.setEnforcementlevel(pb.EnforcementLevel.MANDATORY);
          return diagnostic;
        }),
      );
      return response;
    },
    analyzeStack: () => new pb.AnalyzeResponse(),
    remediate: () => new pb.RemediateResponse(),
    cancel: () => new Empty(),
  };
  return methods as Readonly<Record<string, Answer | undefined>>;
}

function describe({ name, description }: AnalyzerDefinition["policies"][number]): pb.PolicyInfo {
  const info = new pb.PolicyInfo();
  info.setName(name);
  info.setDisplayname(name);
  info.setDescription(description);
  info.setEnforcementlevel(pb.EnforcementLevel.MANDATORY);
  info.setPolicyType(pb.PolicyType.POLICY_TYPE_RESOURCE);
  return info;
}
