import type { SourceAddress } from "../provider/snapshot/source";
import { UsageError } from "./command";

const FORM = "postgresql://user@host:port/database";

/**
 * Where a database is, as `--from` says. What it leaves out comes from libpq's variables. @throws UsageError, also for a
 * password: everybody on a machine sees the words of its command lines
 */
export function sourceOf(from: string | undefined): SourceAddress {
  if (from === undefined) return {};
  const refuse = (got: string): never => {
    throw new UsageError(`--from: got ${got}; allowed is ${FORM}; the password comes from PGPASSWORD or PGPASSFILE`);
  };
  if (!URL.canParse(from)) return refuse("what is no URL");
  const url = new URL(from);
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
