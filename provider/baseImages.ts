import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { baseImages } from "../core/release/dockerfile";
import { ensureBaseImages } from "../platform/local/baseImages";
import { loadLayout } from "../platform/local/layout";
import { Progress } from "../platform/progress";
import type { InvokeRequest, InvokeResult } from "../platform/rpc";
import { parseInputs } from "./resources/inputs";
import type { Session } from "./session";

const sourceArgs = z.object({
  /** Folder that is sent to the builder. */
  context: z.string().min(1),
  /** Relative to it. */
  dockerfile: z.string().min(1),
  buildArgs: z.record(z.string(), z.string()).default({}),
});

/**
 * `hms:image:ensureBases`: what a Dockerfile builds on and only the local platform has is made, before the build asks for
 * it. Elsewhere, and for every other image, nothing is done.
 */
export async function ensureBases(session: Session, { args, signal, log }: InvokeRequest): Promise<InvokeResult> {
  const { context, dockerfile, buildArgs } = parseInputs(sourceArgs, args);
  if (!session.isLocal) return { result: {} };
  const images = baseImages(fs.readFileSync(path.join(context, dockerfile), "utf8"), buildArgs);
  const sink = {
    write: (text: string) => {
      log.info(text.trim());
    },
  };
  await ensureBaseImages(loadLayout(process.env), images, context, { progress: new Progress(sink), signal });
  return { result: {} };
}
