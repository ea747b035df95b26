/** From ES2024; older Nodes have none. */
interface Transferable {
  transfer?(bytes: number): unknown;
}

/** Less is not worth the call. */
const SHORTEST = 4096;

/**
 * Gives the memory of bytes back at once that nobody looks at any more, where the language can. V8 collects a heap of some
 * megabytes anew for each 32 MB of such memory, and holds it until then. Bytes that may share their memory with others are left
 * alone: those that may lie in Node's pool.
 */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < SHORTEST || mayBePooled(bytes)) return;
  (buffer as Transferable).transfer?.(0);
}

/** The pool has a size of its own, which a socket's reads may have too, and hands out pieces of less than half of it. */
const mayBePooled = ({ buffer, length }: Buffer): boolean =>
  buffer.byteLength === Buffer.poolSize && length < Buffer.poolSize >>> 1;
