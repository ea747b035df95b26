/** Serves a provider to the Pulumi engine, from the port on the first line of stdout to the engine's last word. */
import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { answers, type Answers } from "./answers";
import { toGrpcError } from "./errors";
import { leaveWithTheEngine } from "./leave";
import { EngineLog } from "./log";
import { Operations } from "./operations";
import type { ProviderDefinition } from "./provider";

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
const SHUTDOWN_MS = 3_000;

/** Does not return until the engine is done with this process; then the process leaves. */
export function serveProvider(provider: ProviderDefinition, argv: readonly string[] = process.argv.slice(2)): void {
  const log = new EngineLog();
  const operations = new Operations();
  const engine = argv.find((argument) => !argument.startsWith("-"));
  if (engine !== undefined) log.connect(engine);

  leaveWithTheEngine(async (why) => {
    operations.abort(why);
    await operations.settled();
    if (provider.onShutdown) await within(provider.shutdownMs ?? SHUTDOWN_MS, provider.onShutdown());
  });

  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const implementation = answers(provider, log, () => {
    operations.abort("cancelled");
  });
  server.addService(
    ResourceProviderService,
    Object.fromEntries(
      Object.keys(ResourceProviderService).map((method) => [method, serve(method, implementation, operations, log)]),
    ),
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`${provider.name}: cannot listen: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}

function serve(
  method: string,
  implementation: Answers,
  operations: Operations,
  log: EngineLog,
): handleUnaryCall<unknown, unknown> {
  const answer = implementation[method];
  return (call, callback) => {
    if (!answer) {
      callback({ code: status.UNIMPLEMENTED, details: `${method} is not implemented` });
      return;
    }
    operations
      .run(
        async (signal) => {
          try {
            return await answer(call.request, signal);
          } finally {
            if (!signal.aborted) await log.flush();
          }
        },
        (hangUp) => call.on("cancelled", hangUp),
      )
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(toGrpcError(error));
        },
      );
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => (timer = setTimeout(done, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
