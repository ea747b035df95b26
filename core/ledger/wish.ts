import { z } from "zod";

/** Where the ledger of a stack is kept and who signs it. Paths are those of the machine that writes. */
export const ledgerWishSchema = z.strictObject({
  /** The stack. */
  name: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/),
  /** Absent: in the program's own folder, with a key made there. */
  store: z
    .strictObject({
      folder: z.string().min(1),
      /** File with the private key: PKCS #8, PEM, P-256. */
      key: z.string().min(1),
      /** Files with public keys whose signatures count beside the key's own: of other writers, and of earlier keys. */
      trust: z.array(z.string().min(1)).default([]),
    })
    .exactOptional(),
});
export type LedgerWish = Readonly<z.infer<typeof ledgerWishSchema>>;
