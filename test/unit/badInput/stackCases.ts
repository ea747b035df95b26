import { STACK_KEYS } from "../../../config/schema";

type Change = Readonly<Record<string, unknown>>;
const DIGEST = "a".repeat(64);
/** What is allowed, and what to do. */
const T = {
  NAMESPACE:
    "allowed is at most 63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen; write the Kubernetes namespace of this stack",
  DOMAIN:
    "allowed is a domain name in lower case such as dev.localhost; write the domain under which each service gets a host name, <service>.<domain>",
  GATEWAY: "allowed is a map; write it with the keys name, namespace, address, section",
  ADDRESS:
    "allowed is an http or https address without path, such as http://127.0.0.1:8080; write where the gateway is reached from this machine",
  REGISTRY:
    "allowed is a registry such as 127.0.0.1:5000 or registry.example.gov/policies; write host, port if it has one, and path, without http:// and without a slash at the end",
  PROMETHEUS:
    "allowed is an http or https address such as http://127.0.0.1:9090; write where Prometheus is reached from this machine",
  SOME: "allowed is true, false or a list of service names; list the services it is meant for",
  SERVICES: "allowed is a map with at least one service; write <name>: { source: <folder with service.yaml> }",
  NAME: "allowed is at most 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen; choose such a name; its workloads are called <name>-blue and <name>-green",
  ENV_VALUE: "allowed is a text, number or boolean; give the value this stack runs with; the service requires it",
  TAG: "allowed is an OCI tag (up to 128 letters, digits, dots, hyphens and underscores, not beginning with a dot or hyphen); choose such a tag, or leave it out for the commit's short SHA",
  PINNED:
    "allowed is an image with its digest, <registry>/<repository>@sha256:<64 hex digits>; a tag may move, so write the digest, as `docker push` and the registry show it",
  REPLICAS: "allowed is a whole number from 1 to 1000; say how many pods each color has",
  SMOKE: "allowed is at least one smoke test; describe a request that proves the service answers rightly",
  TLS: "allowed is local, or a map with exactly one of local, issuer, secret and acm; say who makes the certificates, or leave it out for http only",
  ACM: "allowed is the ARN of a certificate in AWS Certificate Manager; write arn:aws-us-gov:acm:<region>:<account>:certificate/<id>",
  BRANCH:
    "allowed is the name of a branch, with * for any part between slashes, such as approved/*; write the branches that only reviewed changes reach, without refs/heads/",
  SIGNERS:
    "allowed is the path of a file, absolute or relative to Pulumi.yaml; name the file with the keys whose signed tags count: SSH's allowed signers, or OpenPGP public keys in armor",
  CLASS:
    "allowed is at most 63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen; write the name of a GatewayClass of the cluster",
} as const;

/** Keys set in a good stack file (undefined: taken away), and every message, each after `hms:`. */
export const STACK_CASES: readonly (readonly [Change, readonly string[]])[] = [
  [{ namespace: undefined }, [`namespace: got nothing; ${T.NAMESPACE}`]],
  [{ namespace: "Hms" }, [`namespace: got "Hms"; ${T.NAMESPACE}`]],
  [{ domain: "Test.localhost" }, [`domain: got "Test.localhost"; ${T.DOMAIN}`]],
  [{ domain: "http://test.localhost" }, [`domain: got "http://test.localhost"; ${T.DOMAIN}`]],
  [{ gateway: undefined }, [`gateway: got nothing; ${T.GATEWAY}`]],
  [
    { gateway: { name: "public", namespace: "gateway", address: "127.0.0.1:8080" } },
    [`gateway.address: got "127.0.0.1:8080"; ${T.ADDRESS}`],
  ],
  [
    { gateway: { name: "public", namespace: "gateway", address: "http://127.0.0.1:8080/base" } },
    [`gateway.address: got "http://127.0.0.1:8080/base"; ${T.ADDRESS}`],
  ],
  [
    { gateway: { name: "public", namespace: "gateway", adress: "http://127.0.0.1:8080" } },
    [
      `gateway.address: got nothing; ${T.ADDRESS}`,
      "gateway.adress: got an unknown key; allowed is one of name, namespace, address, section; did you mean address?",
    ],
  ],
  [{ gateway: "public" }, [`gateway: got "public"; ${T.GATEWAY}`]],
  [{ tls: "locl" }, [`tls: got "locl"; ${T.TLS}`]],
  [{ tls: true }, [`tls: got true; ${T.TLS}`]],
  [{ tls: [] }, [`tls: got an empty list; ${T.TLS}`]],
  [{ tls: { class: "traefik" } }, [`tls: got a map without any of local, issuer, secret, acm; ${T.TLS}`]],
  [{ tls: { secret: "web", acm: "arn" } }, [`tls: got a map with both secret and acm; ${T.TLS}`]],
  [
    { tls: { local: 0, class: "traefik" } },
    [
      "tls.local: got 0; allowed is a whole number from 1 to 65535; write the platform's https port, HMS_PORT_GATEWAY_TLS",
      "tls.class: got an unknown key; allowed is one of local; remove it",
    ],
  ],
  [{ tls: { issuer: "agency" } }, ['tls.issuer: got "agency"; allowed is a map; write it with the keys name, kind']],
  [
    { tls: { issuer: { name: "agency", kind: "clusterissuer" } } },
    ['tls.issuer.kind: got "clusterissuer"; allowed is one of Issuer, ClusterIssuer; say which of the two it is'],
  ],
  [
    { tls: { secret: "Planted-s3cr3t", port: 70000, publicport: 443 } },
    [
      "tls.secret: got a text (not shown); allowed is the name of a Kubernetes Secret (lower-case letters, digits, hyphens and dots); name the Secret, never its content",
      "tls.port: got 70000; allowed is a whole number from 1 to 65535; write the port that the gateway listens on for https",
      "tls.publicport: got an unknown key; allowed is one of secret, class, port, publicPort; did you mean publicPort?",
    ],
  ],
  [
    { tls: { acm: "arn:aws:iam::123456789012:server-certificate/x" } },
    [`tls.acm: got "arn:aws:iam::123456789012:server-certificate/x"; ${T.ACM}`, `tls.class: got nothing; ${T.CLASS}`],
  ],
  [
    { tls: "local", kubeContext: "prod-east", domain: "example.gov" },
    [
      "tls: got local, for the context prod-east; allowed is local for the local platform (hms-local) alone; write tls: { issuer: { name: <issuer> } }, { secret: <name> } or { acm: <arn> }",
      'domain: got "example.gov" with tls: local; allowed is a domain below localhost, for the local authority may vouch for no other name; write <stack>.localhost, or take another certificate',
    ],
  ],
  [
    { freeze: { file: "", midMove: "stay" } },
    [
      'freeze.file: got ""; allowed is the path of a file, absolute or relative to Pulumi.yaml; name the file whose existence freezes, or leave it out for the ConfigMap hms-freeze',
      'freeze.midMove: got "stay"; allowed is one of hold, restore; hold leaves a move at the weights it has, restore puts its traffic back',
    ],
  ],
  [
    { freeze: { fiel: "/run/freeze" } },
    ["freeze.fiel: got an unknown key; allowed is one of file, account, midMove; did you mean file?"],
  ],
  [
    { approvedSources: { branches: ["/approved", "a..b"], signers: "" } },
    [
      `approvedSources.branches[0]: got "/approved"; ${T.BRANCH}`,
      `approvedSources.branches[1]: got "a..b"; ${T.BRANCH}`,
      `approvedSources.signers: got ""; ${T.SIGNERS}`,
    ],
  ],
  [
    { approvedSources: {} },
    [
      "approvedSources: got neither branches nor signers; allowed is at least one of the two; nothing could ever be deployed; leave approvedSources out where anything may",
    ],
  ],
  [
    { approvedSources: ["approved/*"] },
    ["approvedSources: got a list; allowed is a map; write it with the keys branches, signers"],
  ],
  [
    { freeze: "/run/freeze" },
    ['freeze: got "/run/freeze"; allowed is a map; write it with the keys file, account, midMove'],
  ],
  [{ registry: "http://127.0.0.1:5000" }, [`registry: got "http://127.0.0.1:5000"; ${T.REGISTRY}`]],
  [{ registry: "127.0.0.1:5000/" }, [`registry: got "127.0.0.1:5000/"; ${T.REGISTRY}`]],
  [{ prometheus: "127.0.0.1:9090" }, [`prometheus: got "127.0.0.1:9090"; ${T.PROMETHEUS}`]],
  [
    { prometheus: "http://user:s3cr3t-planted@127.0.0.1:9090" },
    [`prometheus: got "http://user:…@127.0.0.1:9090"; ${T.PROMETHEUS}`],
  ],
  [
    { inCluster: { prometheus: "10.0.0.1:9090", gatway: "http://10.0.0.1", image: "runner:latest" } },
    [
      `inCluster.image: got "runner:latest"; ${T.PINNED}`,
      'inCluster.prometheus: got "10.0.0.1:9090"; allowed is an http or https address such as http://prometheus.monitoring:9090; write where pods reach Prometheus, or leave it out where that is hms:prometheus',
      "inCluster.gatway: got an unknown key; allowed is one of image, prometheus, gateway; did you mean gateway?",
    ],
  ],
  [
    { ledger: "off" },
    [
      'ledger: got "off"; allowed is local, a map with folder, key and trust, or one with account, witnesses and trust; leave it out for a ledger on this machine; there is no way to move traffic without one',
    ],
  ],
  [
    { ledger: { folder: "ledger", key: "/etc/hms/", trust: "/etc/hms/a.pub" } },
    [
      'ledger.folder: got "ledger"; allowed is an absolute path of a folder that all who deploy share; write it from / on, as it is on the machines that deploy',
      'ledger.key: got "/etc/hms/"; allowed is an absolute path of a file with a private key (PKCS #8, PEM, P-256); write it from / on, as it is on the machines that deploy',
      'ledger.trust: got "/etc/hms/a.pub"; allowed is a list of absolute paths; name the public keys of the others who sign, and of earlier keys',
    ],
  ],
  [
    { ledger: { folder: "/srv/ledger", keys: "/etc/hms/key.pem" } },
    [
      "ledger.key: got nothing; allowed is an absolute path of a file with a private key (PKCS #8, PEM, P-256); write it from / on, as it is on the machines that deploy",
      "ledger.keys: got an unknown key; allowed is one of folder, key, trust; did you mean key?",
    ],
  ],
  [
    { kubeContext: "two words" },
    [
      'kubeContext: got "two words"; allowed is the name of a context of the kubeconfig; leave it out for the local platform, or write a name that `kubectl config get-contexts` lists',
    ],
  ],
  [{ protect: "yes" }, ['protect: got "yes"; allowed is true or false; write one of the two without quotes']],
  [
    { permission: {} },
    [
      "permission: got neither oidc nor aws; allowed is at least one of the two; nobody could prove a role; leave it out where nobody has to",
    ],
  ],
  [
    {
      permission: { oidc: { issuer: "http://idp.example.gov", audience: "hms-deploy", roles: {}, keys: "/etc/keys" } },
    },
    [
      'permission.oidc.issuer: got "http://idp.example.gov"; allowed is an https address without a query (http only under localhost); write it as the issuer calls itself in its tokens',
      'permission.oidc.keys: got "/etc/keys"; allowed is a path relative to Pulumi.yaml of a JSON Web Key Set; save what the issuer\'s jwks_uri answers into the project, or leave it out to ask the issuer',
      "permission.oidc.roles: got an empty map; allowed is at least one line `<value of the claim>: <role>`; nobody could ever do anything",
    ],
  ],
  [
    {
      permission: { oidc: { issuer: "https://idp.example.gov", audience: "a", roles: { ops: "O p" }, keys: "k.json" } },
    },
    [
      'permission.oidc.roles.ops: got "O p"; allowed is the name of a role, letters, digits, hyphens and underscores; name a role of policy/rego/roles.json',
    ],
  ],
  [
    {
      permission: { oidc: { issuer: "https://idp.example.gov", audience: "a", roles: { ops: "Op" }, keys: "k.json" } },
    },
    [
      "permission.oidc.keys: got the file k.json, which is not there; allowed is a JSON Web Key Set with at least one public key; save what the issuer's jwks_uri answers; no private or shared key belongs there",
    ],
  ],
  [
    { permission: { aws: { region: "us-gov", roles: { "arn:aws-us-gov:s3:::bucket": "Operator" } } } },
    [
      'permission.aws.region: got "us-gov"; allowed is a region such as us-gov-west-1; write where AWS is asked who somebody is',
      'permission.aws.roles["arn:aws-us-gov:s3:::bucket"]: got the key "arn:aws-us-gov:s3:::bucket"; allowed is the ARN of an IAM role or user; write it as IAM shows it; every session of the role counts',
    ],
  ],
  [
    { without: { scan: { owner: "lee" }, signing: { owner: "lee", reason: "none" } } },
    [
      "without.scan.reason: got nothing; allowed is a text; write why the stack may go without",
      "without.signing: got an unknown key; allowed is one of scan, approvedSources; remove it",
    ],
  ],
  [
    { without: { scan: { owner: "lee", reason: "none" } }, scan: { failOn: "high" } },
    [
      "without.scan: got an entry, and hms:scan is set; allowed is an entry for what the stack does not have; remove one of the two",
    ],
  ],
  [{ production: "yes" }, ['production: got "yes"; allowed is true or false; write one of the two without quotes']],
  [{ retry: "web" }, [`retry: got "web"; ${T.SOME}`]],
  [{ retry: ["wbe"] }, ['retry[0]: got "wbe"; allowed is one of web; did you mean web?']],
  [
    { takeOver: ["other-service"] },
    ['takeOver[0]: got "other-service"; allowed is one of web; name a service of this stack'],
  ],
  [
    { namspace: "x" },
    [`namspace: got an unknown key; allowed is one of ${STACK_KEYS.join(", ")}; did you mean namespace?`],
  ],
  [{ services: undefined }, [`services: got nothing; ${T.SERVICES}`]],
  [{ services: {} }, [`services: got an empty map; ${T.SERVICES}`]],
  [{ services: [] }, [`services: got an empty list; ${T.SERVICES}`]],
  [{ services: { Web: { source: "web", env: { REGION: "north" } } } }, [`services.Web: got the name "Web"; ${T.NAME}`]],
  [{ services: { web: null } }, ["services.web: got null; allowed is a map; write source: <folder with service.yaml>"]],
  [
    { services: { web: { source: "/srv/web" } } },
    [
      'services.web.source: got "/srv/web"; allowed is a path relative to Pulumi.yaml; name the folder that holds the service.yaml, for example examples/drought-benefit',
    ],
  ],
  [
    { services: { web: { source: "wbe" } } },
    [
      'services.web.source: got "wbe", which has no service.yaml; allowed is a folder with a service.yaml, relative to Pulumi.yaml; correct the path, or write wbe/service.yaml',
    ],
  ],
  [{ services: { web: { source: "web" } } }, [`services.web.env.REGION: got nothing; ${T.ENV_VALUE}`]],
  [
    { services: { web: { source: "web", env: { REGIO: "north" } } } },
    [
      "services.web.env.REGIO: got a variable that the service does not declare; allowed is one of LOG_LEVEL, REGION; did you mean REGION?",
      `services.web.env.REGION: got nothing; ${T.ENV_VALUE}`,
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: null } } } },
    ["services.web.env.REGION: got null; allowed is a text, number or boolean; write its value"],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, secrets: { TOKEN: { secret: "a", key: "b" } } } } },
    [
      "services.web.secrets.TOKEN: got a variable that the service does not declare; allowed is one of API_TOKEN; declare it under secrets in web/service.yaml, or remove it",
    ],
  ],
  [
    {
      services: {
        web: {
          source: "web",
          env: { REGION: "north" },
          strategy: [{ weight: 5, gates: ["eror-share"] }, { weight: 100 }],
        },
      },
    },
    [
      'services.web.strategy[0].gates: got the gate "eror-share"; allowed is one of error-share, p95-latency; did you mean error-share?',
    ],
  ],
  [
    {
      services: { web: { source: "web", env: { REGION: "north" }, config: { files: { "data.json": { text: "" } } } } },
    },
    [
      'services.web.config.files["data.json"]: got a file that the service does not declare; allowed is nothing, for web/service.yaml has no config.files; declare it under config.files in web/service.yaml, or remove it',
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, config: { mount: "/x", files: {} } } } },
    ["services.web.config.mount: got an unknown key; allowed is one of files; remove it"],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, strategy: [{ weight: 50 }, { weight: 20 }] } } },
    [
      "services.web.strategy: got a list; allowed is weights that rise to 100; steps[1].weight must be above the step before (50), got 20",
      "services.web.strategy: got a list; allowed is weights that rise to 100; the last step must have weight 100, got 20",
    ],
  ],
  [
    {
      services: {
        web: { source: "web", env: { REGION: "north" }, strategy: [{ weight: 0.5, hold: 60 }, { weight: 100 }] },
      },
    },
    [
      "services.web.strategy[0].weight: got 0.5; allowed is a whole number from 1 to 100; write the percent of the traffic that the new release gets",
      "services.web.strategy[0].hold: got 60; allowed is a duration from 0s to 1d such as 10s, 1m30s or 2h; say how long to stay at this weight at least",
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, strategy: { weight: 100 } } } },
    ["services.web.strategy: got a map; allowed is a list of steps; begin each with `- weight: <percent>`"],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, affinity: "ip" } } },
    [
      'services.web.affinity: got "ip"; allowed is one of cookie, none; write cookie to keep a user on one color while the traffic is divided',
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, port: 80 } } },
    [
      "services.web.port: got an unknown key; allowed is one of source, replicas, tag, image, env, secrets, config, labels, resources, autoscale, retain, strategy, affinity, chaos, migrations, needs; remove it",
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, tag: "-v1" } } },
    [`services.web.tag: got "-v1"; ${T.TAG}`],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, tag: 1.1 } } },
    [
      "services.web.tag: got 1.1; allowed is an OCI tag (up to 128 letters, digits, dots, hyphens and underscores, not beginning with a dot or hyphen); put it in quotes, or it is read as a number",
    ],
  ],
  [
    {
      services: {
        web: {
          source: "web",
          env: { REGION: "north" },
          tag: "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
        },
      },
    },
    [`services.web.tag: got "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv…; ${T.TAG}`],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, image: "web:v1" } } },
    [`services.web.image: got "web:v1"; ${T.PINNED}`],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, replicas: -1 } } },
    [`services.web.replicas: got -1; ${T.REPLICAS}`],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, labels: { "hms.delivery/color": "blue" } } } },
    [
      'services.web.labels["hms.delivery/color"]: got the key "hms.delivery/color"; allowed is a Kubernetes label key (up to 63 letters, digits, hyphens, dots and underscores, with an optional prefix/), not one of the program\'s own; rename it',
    ],
  ],
  [
    { services: { web: { source: "web", env: { REGION: "north" }, labels: { team: "a b" } } } },
    [
      'services.web.labels.team: got "a b"; allowed is a Kubernetes label value (up to 63 letters, digits, hyphens, dots and underscores); shorten or rewrite it; put it in quotes if it looks like a number',
    ],
  ],
  [
    { services: { web: { image: "r/web@sha256:" + DIGEST, port: 80 } } },
    [`services.web.smoke: got nothing; ${T.SMOKE}`],
  ],
  [
    { services: { web: { port: 80, smoke: [{ name: "x", request: { path: "/" } }] } } },
    [`services.web.image: got nothing; ${T.PINNED}`],
  ],
];

/** Texts of HMS_OVERRIDES, and every message, each after `HMS_OVERRIDES: `. */
export const OVERRIDE_CASES: readonly (readonly [string, readonly string[]])[] = [
  [
    "{retry: web}",
    ['got "{retry: web}"; allowed is a JSON object; write for example {"retry":["drought-benefit"]}, or unset it'],
  ],
  [
    "[]",
    [
      "got an empty list; allowed is a map; write it with the keys only, onlyAccounts, retry, takeOver, traffic, notBefore, breakDependents, tags, pin",
    ],
  ],
  ['{"retry":"web"}', [`retry: got "web"; ${T.SOME}`]],
  [
    '{"retrry":true}',
    [
      "retrry: got an unknown key; allowed is one of only, onlyAccounts, retry, takeOver, traffic, notBefore, breakDependents, tags, pin; did you mean retry?",
    ],
  ],
  ['{"retry":["wbe"]}', ['retry[0]: got "wbe"; allowed is one of web; did you mean web?']],
  ['{"takeOver":["web",1]}', [`takeOver: got a list; ${T.SOME}`]],
  ['{"tags":{"web":"v 1"}}', [`tags.web: got "v 1"; ${T.TAG}`]],
  ['{"tags":{"wbe":"v1"}}', ['tags.wbe: got "wbe"; allowed is one of web; did you mean web?']],
  [
    '{"pin":{"web":"latest"}}',
    [
      'pin.web: got "latest"; allowed is a release id (12 hex digits); take it from `hms status` or `hms-deploy history`',
    ],
  ],
  ['{"pin":{"other":"0123456789ab"}}', ['pin.other: got "other"; allowed is one of web; name a service of this stack']],
];
