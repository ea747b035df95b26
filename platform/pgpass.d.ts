declare module "pgpass" {
  /** Looks a password up in PGPASSFILE or ~/.pgpass. */
  export default function pgpass(
    place: { readonly host: string; readonly port: number; readonly database: string; readonly user: string },
    found: (password: string | undefined) => void,
  ): void;
}
