import type { IncomingMessage } from "node:http";

/** The text of a request's body; `undefined` when it is longer than so many bytes, and then it is not read to its end. */
export async function bodyOf(request: IncomingMessage, longest: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > longest) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
