/** From ES2024; older Nodes have none. */
interface Transferable {
  transfer?(bytes: number): unknown;
}

/**
 * Gives the memory of bytes back at once that nobody looks at any more, where the language can. V8 collects a heap of some
 * megabytes anew for each 32 MB of such memory, and holds it until then. Bytes that may share their memory with others are left
 * alone: what is no longer than Node's pool.
 */
export function release({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) (buffer as Transferable).transfer?.(0);
}
