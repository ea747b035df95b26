import { Client, type ClientConfig } from "pg";
import pgpass from "pgpass";

type Place = Parameters<typeof pgpass>[0];

/** As libpq looks it up: PGPASSFILE, else ~/.pgpass. Undefined where neither names this server, database and user. */
const fromPassFile = (place: Place): Promise<string | undefined> =>
  new Promise((done) => {
    pgpass(place, done);
  });

/**
 * A connection to PostgreSQL, not open yet. What is not said comes from libpq's own variables (PGHOST, PGUSER, PGPASSWORD,
 * PGPASSFILE and so on). The driver would look into the file itself, and warn each user that a later version will not.
 */
export function pgClient(config: ClientConfig): Client {
  const password = config.password ?? process.env.PGPASSWORD ?? fromPassFile;
  // The driver hands the place of the connection over, which its types do not say.
  return new Client({ ...config, password: password as NonNullable<ClientConfig["password"]> });
}
