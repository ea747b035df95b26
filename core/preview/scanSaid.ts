import { z } from "zod";
import type { ImageVerdict } from "./document";

/** What a preview tells of a scan's verdict, as it is attested beside an image. */
const attested = z.object({
  verdict: z.enum(["pass", "fail", "stale", "error"]),
  reasons: z.array(z.string()),
  components: z.number(),
  failOn: z.string(),
  scanners: z.array(z.object({ name: z.string() })),
  at: z.string(),
});

/** A verdict that a listed key has signed, for a reader. One of another form is an error: it is not known what it says. */
export function scanSaid(predicate: unknown): ImageVerdict {
  const read = attested.safeParse(predicate).data;
  if (read === undefined) return notKnown("its attestation has a form that is not known here; scan it again");
  const { verdict, reasons, components, failOn, scanners, at } = read;
  const [first, ...others] = reasons;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const what = first === undefined ? `nothing from ${failOn} on in ${components} packages` : `${first}${more}`;
  return { verdict, scanner: scanners.map(({ name }) => name).join(", "), text: `${what}, on ${at}` };
}

/** Where it cannot be told what a scanner said: that is no pass. */
export const notKnown = (why: string): ImageVerdict => ({ verdict: "error", scanner: "attestation", text: why });
