/**
 * Ends this process, as a failure, when nobody reads what it says any more. The engine's SDK says an uncaught error on
 * stderr; with the engine killed and the pipe closed that is an uncaught error again, and so on, on a whole core.
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(1);
    throw error;
  });
}
