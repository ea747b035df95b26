const COMMAND = "allowed is a list of texts, the program and its arguments, or one text for /bin/sh";
const UP = `${COMMAND}; write for example up: [node, migrate.js, up]`;
const DOWN = `${COMMAND}; write for example down: [node, migrate.js, down], or leave it out`;
const PASSWORD = `${COMMAND}; put the password into a Kubernetes Secret, name it under secrets, and let the program read the variable`;
const KEYS = "image, up, down, env, secrets, timeout, downOnRestore";
const PINNED =
  "allowed is an image with its digest, <registry>/<repository>@sha256:<64 hex digits>; a tag may move, so write the digest, as `docker push` and the registry show it";
const TIMEOUT =
  "allowed is a duration from 1s to 1d such as 10s, 1m30s or 2h; say how long one run may take before it is stopped";
const FLAG = "allowed is true or false; write true to run down when the release gives its traffic back";
const NO_DOWN = "allowed is true where there is a down to run; write down, or remove downOnRestore";
const SECRET = "allowed is a map; write it with the keys secret, key";

const up = ["node", "migrate.js"];

/** `migrations` of a service.yaml, and every message after its file and line. */
export const MIGRATION_CASES: readonly (readonly [unknown, readonly string[]])[] = [
  ["up.sql", [`migrations: got "up.sql"; allowed is a map; write it with the keys ${KEYS}`]],
  [[up], [`migrations: got a list; allowed is a map; write it with the keys ${KEYS}`]],
  ["none", [`migrations: got "none"; allowed is a map; write it with the keys ${KEYS}`]],
  [{}, [`migrations.up: got nothing; ${UP}`]],
  [{ up: [] }, [`migrations.up: got an empty list; ${UP}`]],
  [{ up: "  " }, [`migrations.up: got "  "; ${UP}`]],
  [{ up: ["node", 5] }, [`migrations.up: got a list; ${UP}`]],
  [{ up: ["", "migrate.js"] }, [`migrations.up: got a list; ${UP}`]],
  [{ up: ["node", "a\0b"] }, [`migrations.up: got a list; ${UP}`]],
  [{ up: { command: up } }, [`migrations.up: got a map; ${UP}`]],
  [{ up: null }, [`migrations.up: got null; ${UP}`]],
  [{ up, down: true }, [`migrations.down: got true; ${DOWN}`]],
  [{ up: "psql postgres://app:planted@db/app -f up.sql" }, [`migrations.up: got a text (not shown); ${PASSWORD}`]],
  [{ up, down: ["psql", "postgres://app:planted@db/app"] }, [`migrations.down: got a list; ${PASSWORD}`]],
  [{ up, dwon: up }, [`migrations.dwon: got an unknown key; allowed is one of ${KEYS}; did you mean down?`]],
  [{ up, image: "postgres:16" }, [`migrations.image: got "postgres:16"; ${PINNED}`]],
  [{ up, image: { context: "migrate" } }, [`migrations.image: got a map; ${PINNED}`]],
  [{ up, timeout: "0s" }, [`migrations.timeout: got "0s"; ${TIMEOUT}`]],
  [{ up, timeout: "2d" }, [`migrations.timeout: got "2d"; ${TIMEOUT}`]],
  [{ up, timeout: 600 }, [`migrations.timeout: got 600; ${TIMEOUT}`]],
  [{ up, down: up, downOnRestore: "yes" }, [`migrations.downOnRestore: got "yes"; ${FLAG}`]],
  [{ up, downOnRestore: true }, [`migrations.downOnRestore: got true without down; ${NO_DOWN}`]],
  [{ up, env: ["PGHOST"] }, ["migrations.env: got a list; allowed is a map; write one line `name: value` for each"]],
  [
    { up, env: { "PG HOST": "db" } },
    [
      'migrations.env["PG HOST"]: got the key "PG HOST"; allowed is the name of an environment variable (letters, digits and underscores, not beginning with a digit); rename it',
    ],
  ],
  [
    { up, env: { PGHOST: null } },
    ["migrations.env.PGHOST: got null; allowed is a text, number or boolean; write its value; never a secret"],
  ],
  [{ up, secrets: { PGPASSWORD: "planted" } }, [`migrations.secrets.PGPASSWORD: got a text (not shown); ${SECRET}`]],
  [
    { up, secrets: { PGPASSWORD: { secret: "Planted!", key: "owner" } } },
    [
      "migrations.secrets.PGPASSWORD.secret: got a text (not shown); allowed is the name of a Kubernetes Secret (lower-case letters, digits, hyphens and dots); name the Secret, never its content",
    ],
  ],
  [
    { up, env: { PGUSER: "owner" }, secrets: { PGUSER: { secret: "db", key: "owner" } } },
    [
      "migrations.secrets.PGUSER: got PGUSER under env and under secrets; allowed is each variable once; remove one of the two",
    ],
  ],
  [{ down: up, timeout: "soon" }, [`migrations.up: got nothing; ${UP}`, `migrations.timeout: got "soon"; ${TIMEOUT}`]],
];

const OWN = { up, env: { PGHOST: "db" }, secrets: { PGPASSWORD: { secret: "db", key: "owner" } } };
const DECIDED = "image, env, secrets, timeout, downOnRestore";

/** The service's migrations, what its stack says of them, and every message after `services.web.migrations`. */
export const MIGRATION_DECISION_CASES: readonly (readonly [unknown, unknown, readonly string[]])[] = [
  [OWN, "off", [`: got "off"; allowed is a map; write it with the keys ${DECIDED}`]],
  [OWN, { up }, [`.up: got an unknown key; allowed is one of ${DECIDED}; remove it`]],
  [OWN, { timeout: "0s" }, [`.timeout: got "0s"; ${TIMEOUT}`]],
  [OWN, { image: "postgres" }, [`.image: got "postgres"; ${PINNED}`]],
  [OWN, { downOnRestore: true }, [`.downOnRestore: got true without down; ${NO_DOWN}`]],
  [
    undefined,
    { timeout: "1h" },
    [
      ": got decisions on migrations; allowed is none, for the service has no migrations; declare them with up and down in its service.yaml, or remove this",
    ],
  ],
  [
    OWN,
    { env: { PGHOTS: "db2" } },
    [
      ".env.PGHOTS: got a variable that the service's migrations do not declare; allowed is one of PGHOST; declare it under migrations.env in its service.yaml, or remove it",
    ],
  ],
  [
    { up },
    { secrets: { PGPASSWORD: { secret: "db", key: "owner" } } },
    [
      ".secrets.PGPASSWORD: got a variable that the service's migrations do not declare; allowed is nothing; declare it under migrations.secrets in its service.yaml, or remove it",
    ],
  ],
];
