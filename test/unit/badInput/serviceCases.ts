type Change = Readonly<Record<string, unknown>>;
const DIGEST = "a".repeat(64);
/** What is allowed, and what to do. */
const T = {
  NAME: "allowed is at most 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen; choose such a name; its workloads are called <name>-blue and <name>-green",
  PORT: "allowed is a whole number from 1 to 65535; write the port the container listens on",
  SERVICE_KEYS:
    "allowed is one of name, image, port, health, longestRequest, startup, resources, env, secrets, config, smoke, kpis, strategy, affinity, chaos, migrations, contract, needs, replicas, retain, autoscale; did you mean port?",
  PATH: "allowed is a path that begins with / and has no spaces and no #; write it as in the URL, for example /health",
  REQUEST_TIME:
    "allowed is a duration from 1s to 1h such as 10s, 1m30s or 2h; say how long the longest request may take; draining waits for it",
  CPU: "allowed is a Kubernetes CPU quantity above zero such as 50m, 0.5 or 2; write cores, or thousandths of one with m",
  MEMORY:
    "allowed is a Kubernetes memory quantity of at least 1Mi such as 64Mi or 1Gi; write a whole number with Ki, Mi or Gi (m means thousandths of a byte)",
  REPLICAS: "allowed is a whole number from 1 to 1000; say how many pods each color has",
  VARIABLE:
    "allowed is the name of an environment variable (letters, digits and underscores, not beginning with a digit); rename it",
  SECRET_KEY:
    "allowed is a key of that Secret (letters, digits, hyphens, dots and underscores); name the key, never its content",
  PINNED:
    "allowed is an image with its digest, <registry>/<repository>@sha256:<64 hex digits>; a tag may move, so write the digest, as `docker push` and the registry show it",
  MOUNT:
    "allowed is an absolute path in the container, not / itself and not below /proc, /sys, /dev or /run/secrets; write the folder in which the service looks for its files, such as /config",
  FILE_PATH:
    "allowed is a path below the mount, of at most 100 letters, digits, hyphens, dots and underscores, with / between folders and no two dots in a row; write it as pods are to see it, such as data.json or rates/2026.json",
  FILE_SOURCE:
    "allowed is exactly one of text, file and folder; write text: with the content itself, file: with a path, or folder: to take each file of a folder",
  SMOKE: "allowed is at least one smoke test; describe a request that proves the service answers rightly",
} as const;

/** Keys set in a good service.yaml (undefined: taken away), and every message, each after `web/service.yaml:`. */
export const SERVICE_CASES: readonly (readonly [Change, readonly string[]])[] = [
  [{ name: "Web" }, [`1: name: got "Web"; ${T.NAME}`]],
  [
    { name: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    [`1: name: got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; ${T.NAME}`],
  ],
  [{ name: "9web" }, [`1: name: got "9web"; ${T.NAME}`]],
  [{ name: "web-" }, [`1: name: got "web-"; ${T.NAME}`]],
  [{ name: undefined }, [`1: name: got nothing; ${T.NAME}`]],
  [{ port: "http" }, [`2: port: got "http"; ${T.PORT}`]],
  [{ port: 0 }, [`2: port: got 0; ${T.PORT}`]],
  [{ port: 65536 }, [`2: port: got 65536; ${T.PORT}`]],
  [{ port: 80.5 }, [`2: port: got 80.5; ${T.PORT}`]],
  [{ port: null }, [`2: port: got null; ${T.PORT}`]],
  [{ prot: 8080 }, [`14: prot: got an unknown key; ${T.SERVICE_KEYS}`]],
  [{ health: { path: "health" } }, [`15: health.path: got "health"; ${T.PATH}`]],
  [{ health: { path: "/he alth" } }, [`15: health.path: got "/he alth"; ${T.PATH}`]],
  [{ health: { pth: "/" } }, ["15: health.pth: got an unknown key; allowed is one of path; did you mean path?"]],
  [{ health: "/health" }, ['14: health: got "/health"; allowed is a map; write it with the keys path']],
  [{ longestRequest: "10" }, [`14: longestRequest: got "10"; ${T.REQUEST_TIME}`]],
  [{ longestRequest: 10 }, [`14: longestRequest: got 10; ${T.REQUEST_TIME}`]],
  [{ longestRequest: "0s" }, [`14: longestRequest: got "0s"; ${T.REQUEST_TIME}`]],
  [{ longestRequest: "2h" }, [`14: longestRequest: got "2h"; ${T.REQUEST_TIME}`]],
  [
    { retain: "soon" },
    [
      '14: retain: got "soon"; allowed is a duration from 0s to 30d such as 10s, 1m30s or 2h; say how long the old color stays at full size; leave it out for until the next release',
    ],
  ],
  [{ resources: { cpu: "50M", memory: "64Mi" } }, [`15: resources.cpu: got "50M"; ${T.CPU}`]],
  [{ resources: { cpu: "50m", memory: "64m" } }, [`16: resources.memory: got "64m"; ${T.MEMORY}`]],
  [
    { resources: { cpu: "0", memory: "64MB" } },
    [`15: resources.cpu: got "0"; ${T.CPU}`, `16: resources.memory: got "64MB"; ${T.MEMORY}`],
  ],
  [{ resources: { cpu: "50m" } }, [`14: resources.memory: got nothing; ${T.MEMORY}`]],
  [{ replicas: 0 }, [`14: replicas: got 0; ${T.REPLICAS}`]],
  [{ replicas: "two" }, [`14: replicas: got "two"; ${T.REPLICAS}`]],
  [
    { autoscale: { min: 4, max: 2 } },
    ["16: autoscale.max: got 2; allowed is a whole number from min (4) up; raise max or lower min"],
  ],
  [
    { autoscale: { min: 1, max: 2, cpuPercent: 101 } },
    ["17: autoscale.cpuPercent: got 101; allowed is a whole number from 1 to 100; say at which CPU use pods are added"],
  ],
  [{ env: { "LOG-LEVEL": "info" } }, [`4: env.LOG-LEVEL: got the key "LOG-LEVEL"; ${T.VARIABLE}`]],
  [
    { env: { LOG_LEVEL: ["info"] } },
    [
      "4: env.LOG_LEVEL: got a list; allowed is a text, number or boolean; write its value, or null if each stack must give one",
    ],
  ],
  [{ env: ["LOG_LEVEL=info"] }, ["3: env: got a list; allowed is a map; write one line `name: value` for each"]],
  [
    { env: { API_TOKEN: "x", REGION: null } },
    [
      "7: secrets.API_TOKEN: got API_TOKEN under env and under secrets; allowed is each variable once; remove one of the two",
    ],
  ],
  [
    { secrets: { API_TOKEN: "s3cr3t-planted" } },
    ["7: secrets.API_TOKEN: got a text (not shown); allowed is a map; write it with the keys secret, key"],
  ],
  [
    { secrets: { API_TOKEN: { secret: "S3cr3t Planted", key: "token" } } },
    [
      "8: secrets.API_TOKEN.secret: got a text (not shown); allowed is the name of a Kubernetes Secret (lower-case letters, digits, hyphens and dots); name the Secret, never its content",
    ],
  ],
  [
    { secrets: { API_TOKEN: { secret: "web", key: "s3cr3t planted" } } },
    [`9: secrets.API_TOKEN.key: got a text (not shown); ${T.SECRET_KEY}`],
  ],
  [{ secrets: { API_TOKEN: { secret: "web" } } }, [`7: secrets.API_TOKEN.key: got nothing; ${T.SECRET_KEY}`]],
  [
    { secrets: { API_TOKEN: { secret: "web", value: "s3cr3t-planted" } } },
    [
      `7: secrets.API_TOKEN.key: got nothing; ${T.SECRET_KEY}`,
      "9: secrets.API_TOKEN.value: got an unknown key; allowed is one of secret, key; remove it",
    ],
  ],
  [
    { image: "web:latest" },
    [
      '14: image: got "web:latest"; allowed is a map with context, dockerfile and buildArgs, or one with ref; leave it out to build the folder of service.yaml, or write ref: <registry>/<repository>@sha256:<digest>',
    ],
  ],
  [{ image: { ref: "127.0.0.1:5000/web:latest" } }, [`15: image.ref: got "127.0.0.1:5000/web:latest"; ${T.PINNED}`]],
  [
    { image: { ref: "127.0.0.1:5000/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } },
    [`15: image.ref: got "127.0.0.1:5000/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…; ${T.PINNED}`],
  ],
  [
    { image: { ref: "127.0.0.1:5000/Web@sha256:" + DIGEST } },
    [`15: image.ref: got "127.0.0.1:5000/Web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…; ${T.PINNED}`],
  ],
  [
    { image: { ref: "127.0.0.1:5000/web@sha256:" + DIGEST, context: "." } },
    ["16: image.context: got an unknown key; allowed is one of ref; remove it"],
  ],
  [
    { image: { context: "/home/web" } },
    [
      '15: image.context: got "/home/web"; allowed is a relative path from service.yaml to a folder; write . for the folder of service.yaml',
    ],
  ],
  [
    { image: { dockerfile: "../Dockerfile" } },
    [
      '15: image.dockerfile: got "../Dockerfile"; allowed is a relative path inside the context; move the Dockerfile into the context',
    ],
  ],
  [{ image: { buildArgs: { "A B": "x" } } }, [`16: image.buildArgs["A B"]: got the key "A B"; ${T.VARIABLE}`]],
  [{ smoke: undefined }, [`1: smoke: got nothing; ${T.SMOKE}`]],
  [{ config: "policy" }, ['14: config: got "policy"; allowed is a map; write it with the keys mount, files']],
  [{ config: {} }, ["14: config.files: got nothing; allowed is a map; write one line `name: value` for each"]],
  [
    { config: { mont: "/x", files: {} } },
    ["15: config.mont: got an unknown key; allowed is one of mount, files; did you mean mount?"],
  ],
  [{ config: { mount: "config", files: {} } }, [`15: config.mount: got "config"; ${T.MOUNT}`]],
  [{ config: { mount: "/", files: {} } }, [`15: config.mount: got "/"; ${T.MOUNT}`]],
  [{ config: { mount: "/proc/1", files: {} } }, [`15: config.mount: got "/proc/1"; ${T.MOUNT}`]],
  [{ config: { mount: "/a/../b", files: {} } }, [`15: config.mount: got "/a/../b"; ${T.MOUNT}`]],
  [
    { config: { files: { "/data.json": { text: "" }, "../x": { text: "" }, "a b": { text: "" } } } },
    [
      `16: config.files["/data.json"]: got the key "/data.json"; ${T.FILE_PATH}`,
      `18: config.files["../x"]: got the key "../x"; ${T.FILE_PATH}`,
      `20: config.files["a b"]: got the key "a b"; ${T.FILE_PATH}`,
    ],
  ],
  [{ config: { files: { a: {} } } }, [`16: config.files.a: got an empty map; ${T.FILE_SOURCE}`]],
  [{ config: { files: { a: { text: "x", file: "y" } } } }, [`16: config.files.a: got a map; ${T.FILE_SOURCE}`]],
  [
    { config: { files: { a: "data.json" } } },
    ['16: config.files.a: got "data.json"; allowed is a map; write it with the keys text, file, folder'],
  ],
  [
    { config: { files: { a: { text: 5 } } } },
    ["17: config.files.a.text: got 5; allowed is a text; put it in quotes, or after |"],
  ],
  [
    { config: { files: { a: { file: "/etc/passwd" }, b: { folder: "~/policy" } } } },
    [
      '17: config.files.a.file: got "/etc/passwd"; allowed is the relative path of a file; write it from the folder of service.yaml',
      '19: config.files.b.folder: got "~/policy"; allowed is the relative path of a folder; write it from the folder of service.yaml',
    ],
  ],
  [
    { config: { files: { ".": { file: "data.json" } } } },
    ['16: config.files["."]: got a file; allowed is a folder, for . is the mount itself; name the file'],
  ],
  [{ smoke: [] }, [`10: smoke: got an empty list; ${T.SMOKE}`]],
  [{ smoke: { name: "answers" } }, [`10: smoke: got a map; ${T.SMOKE}`]],
  [
    { smoke: [{ name: "", request: { path: "/" } }] },
    ['11: smoke[0].name: got ""; allowed is a text; say in a few words what the test proves'],
  ],
  [
    { smoke: [{ name: "x" }] },
    ["11: smoke[0].request: got nothing; allowed is a map; write it with the keys method, path, headers, body"],
  ],
  [
    { smoke: [{ name: "x", request: { path: "http://other/" } }] },
    [`13: smoke[0].request.path: got "http://other/"; ${T.PATH}`],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/", method: "get" } }] },
    [
      '14: smoke[0].request.method: got "get"; allowed is one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS; leave it out for GET',
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/", body: {} } }] },
    [
      "14: smoke[0].request.body: got an empty map; allowed is no body with GET; set method to POST, or remove the body",
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/", headers: { "X:Y": "1" } } }] },
    ['15: smoke[0].request.headers["X:Y"]: got the key "X:Y"; allowed is the name of an HTTP header; rename it'],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/", headers: { Authorization: "s3cr3t-planted\r\nX: y" } } }] },
    [
      "15: smoke[0].request.headers.Authorization: got a text (not shown); allowed is a text without line breaks; write the value on one line",
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/" }, expect: { status: 99 } }] },
    [
      "15: smoke[0].expect.status: got 99; allowed is a whole number from 100 to 599; write the HTTP status the request must answer with",
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/" }, expect: { json: { "a..b": 1 } } }] },
    [
      '16: smoke[0].expect.json["a..b"]: got the key "a..b"; allowed is a path into the answer such as result.eligible or result.reasons[0]; separate keys with dots and put indexes in brackets',
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/" }, expect: { bodyContain: "ok" } }] },
    [
      "15: smoke[0].expect.bodyContain: got an unknown key; allowed is one of status, json, bodyContains, headers, shape; did you mean bodyContains?",
    ],
  ],
  [
    { smoke: [{ name: "x", request: { path: "/" }, repeatable: "yes" }] },
    [
      '14: smoke[0].repeatable: got "yes"; allowed is true or false; write true when the request changes nothing, however often it is sent',
    ],
  ],
  [
    { strategy: [{ weight: 5, synthetic: "500/s" }, { weight: 100 }] },
    [
      '16: strategy[0].synthetic: got "500/s"; allowed is a rate from 1/s to 200/s such as 20/s; say how many synthetic requests a second each color gets at this step',
    ],
  ],
  [
    { strategy: [{ weight: 5, gates: "none", synthetic: "20/s" }, { weight: 100 }] },
    [
      '17: strategy[0].synthetic: got "20/s"; allowed is synthetic beside gates only; name gates that judge it, or remove synthetic',
    ],
  ],
  [
    { kpis: [{ name: "errors", query: "up", comparison: "=", limit: 1 }] },
    ['17: kpis[0].comparison: got "="; allowed is one of <, <=, >, >=; say how the measured value must stand to limit'],
  ],
  [
    { kpis: [{ name: "errors", query: "", comparison: "<", limit: "1%" }] },
    [
      '16: kpis[0].query: got ""; allowed is a text; write a PromQL query that gives one number',
      '18: kpis[0].limit: got "1%"; allowed is a number; write the value to compare with',
    ],
  ],
];
