import { z } from "zod";
import { FAIL_ON } from "./failOn";
import { SCANNERS } from "./scanners";
import { waiverSchema } from "./waiver";

/** How an image is scanned before it is pushed; what a stack decides and the provider is told. */
export const scanWishSchema = z.strictObject({
  failOn: z.enum(FAIL_ON),
  /** Seconds that the newest advisory may be old. */
  maxDatabaseAge: z.number().positive(),
  /** An image has at least so many packages; with fewer it could not be read. */
  minComponents: z.number().int().min(1),
  waivers: z.array(waiverSchema).readonly(),
  /** Who is asked; absent: those of `DEFAULT_SCANNERS`. */
  scanners: z.array(z.enum(SCANNERS)).readonly().exactOptional(),
});
export type ScanWish = Readonly<z.infer<typeof scanWishSchema>>;
