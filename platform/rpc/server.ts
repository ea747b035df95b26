/** Serves a provider to the Pulumi engine, from the port on the first line of stdout to the engine's last word. */
import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { answers, type Answers } from "./answers";
import { messageOf, toGrpcError } from "./errors";
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

/**
 * The engine ends a plugin with SIGINT; a killed engine only leaves the end of our stdin behind. Either way what runs is
 * stopped, cleans up after itself, and then the process goes at once: the engine waits up to 5 s for one that lingers.
 */
function leaveWithTheEngine(stop: (why: string) => Promise<void>): void {
  let leaving = false;
  const leave = (why: string) => {
    if (leaving) return;
    leaving = true;
    stop(why).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", () => {
    leave("interrupted");
  });
  process.on("SIGTERM", () => {
    leave("terminated");
  });
  const ignore = () => undefined;
  process.stdin.on("end", () => {
    leave("the engine is gone");
  });
  process.stdin.on("error", ignore).resume();
  process.stdout.on("error", ignore); // a gone engine's end of the pipe (EPIPE) must not end the clean-up
  process.stderr.on("error", ignore);
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((done) => (timer = setTimeout(done, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
