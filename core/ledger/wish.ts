import { z } from "zod";
import { accountWaySchema, OWN, type AccountWay } from "../account/way";

/** Files with public keys whose signatures count beside the key's own: of other writers, and of earlier keys. */
const trust = z.array(z.string().min(1)).default([]);

const inFolder = z.strictObject({
  folder: z.string().min(1),
  /** File with the private key: PKCS #8, PEM, P-256. */
  key: z.string().min(1),
  trust,
});

const inAccount = z.strictObject({
  /** Whose locked bucket, and whose signing key. */
  account: z.union([accountWaySchema, z.literal(OWN)]),
  /** Other accounts, whose locked buckets keep its checkpoints. */
  witnesses: z.array(accountWaySchema),
  trust,
});
export type AccountStore = Readonly<z.infer<typeof inAccount>>;

/** Where the ledger of a stack is kept and who signs it. Paths are those of the machine that writes. */
export const ledgerWishSchema = z.strictObject({
  /** The stack. */
  name: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/),
  /** Absent: in the program's own folder, with a key made there. */
  store: z.union([inFolder, inAccount]).exactOptional(),
});
export type LedgerWish = Readonly<z.infer<typeof ledgerWishSchema>>;

/** The ledger of what goes to that account, where each has its own; nobody is a witness of their own ledger. */
export function ledgerIn(wish: LedgerWish, account: AccountWay): LedgerWish {
  const { store } = wish;
  if (store === undefined || !("account" in store) || store.account !== OWN) return wish;
  return { ...wish, store: { ...store, account, witnesses: store.witnesses.filter(({ id }) => id !== account.id) } };
}
