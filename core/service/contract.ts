import { z } from "zod";
import { type Pattern, readBy, text } from "./field";

const VERSION: Pattern = {
  pattern: /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/,
  allowed: 'a contract version of two numbers such as "2.1"',
  advice: "raise the second number when answers gain something, the first when they lose or change something",
};

/** `2.1`: what a service answers those who need it. */
export const contractVersion = text(VERSION);

const oneVersion = contractVersion.transform((only) => [only]);
const versions = z
  .array(contractVersion)
  .min(1, { error: "at least one version; leave contract out when nothing is promised" });

/** One version, or several: a release that keeps an old promise beside a new one names both. */
export const contractSchema = z.unknown().transform((value, context): readonly string[] => {
  const offered = readBy(Array.isArray(value) ? versions : oneVersion, value, context);
  if (offered === undefined) return z.NEVER;
  const twice = offered.find((one, index) => offered.slice(0, index).some((other) => major(other) === major(one)));
  if (twice === undefined) return offered;
  const params = {
    allowed: `one version of contract ${major(twice)}`,
    advice: "name the newest alone; it keeps what those before it promised",
  };
  context.addIssue({ code: "custom", params });
  return z.NEVER;
});

const major = (version: string): number => Number(version.split(".")[0]);
const minor = (version: string): number => Number(version.split(".")[1]);

/**
 * Whether answers by the contracts `offered` are such as one who needs `needed` relies on: the same first number, and at
 * least the second. Who names no version relies on nothing but that the service is there.
 */
export function offers(offered: readonly string[] | undefined, needed: string | undefined): boolean {
  if (needed === undefined) return true;
  return (offered ?? []).some((one) => major(one) === major(needed) && minor(one) >= minor(needed));
}

/** `contract 1.4 and 2.0`, or `no contract`. */
export const describeContract = (offered: readonly string[] | undefined): string =>
  offered === undefined || offered.length === 0 ? "no contract" : `contract ${offered.join(" and ")}`;
