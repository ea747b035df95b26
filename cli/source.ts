import type { SourceAddress } from "../provider/snapshot/source";
import { UsageError } from "./command";

const FORM = "postgresql://user@host:port/database";

/** Where a database is, as `--from` says. What it leaves out comes from libpq's variables. @throws UsageError */
export const sourceOf = (from: string | undefined): SourceAddress =>
  from === undefined ? {} : addressOf("--from", from);

/**
 * Where a server is, as an option says. @throws UsageError, also for a password: everybody on a machine sees the words of
 * its command lines
 */
export function addressOf(option: string, given: string): SourceAddress {
  const refuse = (got: string): never => {
    throw new UsageError(`${option}: got ${got}; allowed is ${FORM}; the password comes from PGPASSWORD or PGPASSFILE`);
  };
  if (!URL.canParse(given)) return refuse("what is no URL");
  const url = new URL(given);
  if (!/^postgres(ql)?:$/.test(url.protocol)) return refuse(`a URL of ${url.protocol}`);
  if (url.password !== "") return refuse("a password in the URL");
  const name = decodeURIComponent(url.pathname.slice(1));
  return {
    ...(url.hostname === "" ? {} : { host: decodeURIComponent(url.hostname) }),
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    ...(name === "" ? {} : { database: name }),
    ...(url.username === "" ? {} : { user: decodeURIComponent(url.username) }),
  };
}
