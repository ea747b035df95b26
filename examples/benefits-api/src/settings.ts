/** What the service is told by its environment. */
export interface Settings {
  readonly port: number;
  /** Where the policy is asked: an address, and the name that it is asked under if that is another. */
  readonly policy: { readonly url: URL; readonly host: string; readonly timeoutMs: number };
  /** `postgresql://…`; absent: PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD say where. */
  readonly databaseUrl?: string;
}

/** @throws Error that names every variable that is missing or wrong; never a value, for one may be a secret. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const whole = (name: string, otherwise: number, most: number): number => {
    const text = env[name] ?? "";
    if (text === "") return otherwise;
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    problems.push(`${name} must be a whole number from 1 to ${most}`);
    return otherwise;
  };
  const url = policyUrl(env.POLICY_URL);
  if (!url) problems.push("POLICY_URL must be the http or https address of drought-benefit, without a path");
  const hasDatabase = [env.DATABASE_URL, env.PGHOST].some((text) => text !== undefined && text !== "");
  if (!hasDatabase)
    problems.push("DATABASE_URL, or PGHOST with PGDATABASE, PGUSER and PGPASSWORD, must say where the database is");
  const port = whole("PORT", 8080, 65_535);
  const timeoutMs = whole("POLICY_TIMEOUT_MS", 2000, 60_000);
  if (problems.length > 0 || !url) throw new Error(problems.join("; "));
  const { DATABASE_URL: databaseUrl, POLICY_HOST: host = "" } = env;
  return {
    port,
    policy: { url, host: host === "" ? url.host : host, timeoutMs },
    ...(databaseUrl === undefined || databaseUrl === "" ? {} : { databaseUrl }),
  };
}

function policyUrl(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.pathname === "/" ? url : undefined;
}
