import { z } from "zod";
import { field, mapWith, readBy, text } from "../core/service/field";
import { ACCOUNT_NAME } from "./accounts";

const filePath = (what: string) =>
  field(
    { allowed: `an absolute path of ${what}`, advice: "write it from / on, as it is on the machines that deploy" },
    (value) => (typeof value === "string" && /^\/[^\0]*[^\0/]$/.test(value) ? value : undefined),
  );

const trust = z
  .array(filePath("a file with a public key"), {
    error: "a list of absolute paths; name the public keys of the others who sign, and of earlier keys",
  })
  .default([]);

const inFolder = mapWith({
  folder: filePath("a folder that all who deploy share"),
  key: filePath("a file with a private key (PKCS #8, PEM, P-256)"),
  trust,
});

/** Whose it is: an account of the stack, or `own` for the one that a service goes to. */
export const keeperField = text({
  ...ACCOUNT_NAME,
  allowed: "the name of an account of hms:accounts, or own",
  advice: "write own where hms:targets is accounts, and the account's name otherwise",
});

const inAccount = mapWith({
  account: keeperField,
  witnesses: z.array(text(ACCOUNT_NAME), {
    error: "a list of accounts of hms:accounts; name those that keep the checkpoints of a ledger which is not theirs",
  }),
  trust,
});

type InFolder = Readonly<z.output<typeof inFolder>>;
type InAccount = Readonly<z.output<typeof inAccount>>;

/** `local`, or what `pick` reads in a map. */
const storeField = <Store>(allowed: string, pick: (value: object) => z.ZodType<Store>) =>
  z.unknown().transform((value, context): Store | "local" => {
    if (value === "local" || value === undefined) return "local";
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return readBy<Store>(pick(value), value, context) ?? z.NEVER;
    const advice = "leave it out for a ledger on this machine; there is no way to move traffic without one";
    context.addIssue({ code: "custom", params: { allowed, advice } });
    return z.NEVER;
  });

/** Where the ledger is kept and with what it is signed; the key `account` says which of the two forms a map has. */
export const ledgerField = storeField<InFolder | InAccount>(
  "local, a map with folder, key and trust, or one with account, witnesses and trust",
  (value) => ("account" in value ? inAccount : inFolder),
);

/** The same for what belongs to no account. */
export const folderLedgerField = storeField<InFolder>("local, or a map with folder, key and trust", () => inFolder);
