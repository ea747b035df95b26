import { z } from "zod";
import { field, mapWith, readBy } from "../core/service/field";
import type { LedgerWish } from "../core/ledger/wish";

const filePath = (what: string) =>
  field(
    { allowed: `an absolute path of ${what}`, advice: "write it from / on, as it is on the machines that deploy" },
    (value) => (typeof value === "string" && /^\/[^\0]*[^\0/]$/.test(value) ? value : undefined),
  );

const store = mapWith({
  folder: filePath("a folder that all who deploy share"),
  key: filePath("a file with a private key (PKCS #8, PEM, P-256)"),
  trust: z
    .array(filePath("a file with a public key"), {
      error: "a list of absolute paths; name the public keys of the others who sign, and of earlier keys",
    })
    .default([]),
});

/** `local`, or where the ledger is kept and with what it is signed. */
export const ledgerField = z.unknown().transform((value, context): LedgerWish["store"] | "local" => {
  if (value === "local" || value === undefined) return "local";
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const params = {
      allowed: "local, or a map with folder, key and trust",
      advice: "leave it out for a ledger on this machine; there is no way to move traffic without one",
    };
    context.addIssue({ code: "custom", params });
    return z.NEVER;
  }
  return readBy(store, value, context) ?? z.NEVER;
});
