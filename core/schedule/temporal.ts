import type { Temporal } from "temporal-polyfill";

type Module = Readonly<{ Temporal: typeof Temporal }>;

/** Dates with zones, loaded when somebody says a time: that takes a tenth of a second, which most runs need not spend. */
export const temporal = (): typeof Temporal => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at each start
  return (require("temporal-polyfill") as Module).Temporal;
};
