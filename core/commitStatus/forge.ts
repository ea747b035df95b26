/** How a pipeline's work on a commit stands, as the forge shows it beside the commit. */
export interface CommitStatus {
  readonly state: "pending" | "success" | "failure";
  /** Names the check: `hms/deploy`. A later status of that name replaces an earlier one. */
  readonly context: string;
  readonly description: string;
}

/** Where a commit is, and who may say something of it. */
export interface Forge {
  readonly kind: "github" | "gitlab";
  /** Address of its API, without a slash at the end. */
  readonly api: string;
  /** `owner/name` at GitHub, an id or path at GitLab. */
  readonly project: string;
  readonly commit: string;
  readonly token: string;
  /** Page of the pipeline's run. */
  readonly run?: string;
}

export type FoundForge =
  { readonly ok: true; readonly forge: Forge } | { readonly ok: false; readonly problem: string };

type Env = Readonly<Record<string, string | undefined>>;

/** The forge whose pipeline this is, by the variables that it sets, and `HMS_COMMIT` for another commit than theirs. */
export function forgeOf(env: Env): FoundForge {
  const kind = set(env.GITHUB_REPOSITORY) ? "github" : set(env.CI_PROJECT_ID) ? "gitlab" : undefined;
  if (kind === undefined)
    return no("neither GITHUB_REPOSITORY nor CI_PROJECT_ID is set; run it in a job of GitHub or GitLab, or set them");
  const { api, project, commit, token, run, tokenName } = kind === "github" ? github(env) : gitlab(env);
  if (!set(token)) return no(`${tokenName} is not set; give the job a token that may write commit statuses`);
  if (!isAddress(api)) return no("the address of the forge's API must be https (http on this machine alone)");
  const named = set(env.HMS_COMMIT) ? env.HMS_COMMIT : commit;
  if (named === undefined || !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(named))
    return no(
      "the commit must be a full SHA in hex; set HMS_COMMIT, as the head of a pull request is not the commit that its job checks out",
    );
  const page = run === undefined ? {} : { run };
  return {
    ok: true,
    forge: { kind, api: api.replace(/\/+$/, ""), project: project ?? "", commit: named, token, ...page },
  };
}

const no = (problem: string): FoundForge => ({ ok: false, problem });
const set = (value: string | undefined): value is string => value !== undefined && value !== "";

const github = (env: Env) => ({
  api: env.GITHUB_API_URL ?? "https://api.github.com",
  project: env.GITHUB_REPOSITORY,
  commit: env.GITHUB_SHA,
  token: env.GITHUB_TOKEN,
  tokenName: "GITHUB_TOKEN",
  run:
    set(env.GITHUB_SERVER_URL) && set(env.GITHUB_RUN_ID)
      ? `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY ?? ""}/actions/runs/${env.GITHUB_RUN_ID}`
      : undefined,
});

const gitlab = (env: Env) => ({
  api: env.CI_API_V4_URL ?? "https://gitlab.com/api/v4",
  project: env.CI_PROJECT_ID,
  commit: env.CI_COMMIT_SHA,
  token: env.GITLAB_TOKEN,
  tokenName: "GITLAB_TOKEN",
  run: set(env.CI_JOB_URL) ? env.CI_JOB_URL : undefined,
});

/** A token goes over TLS, or stays on this machine. */
function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname));
}

export interface StatusRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What forges keep of a description. */
const LONGEST = 140;

/** The request that says it. */
export function statusRequest({ kind, api, project, commit, token, run }: Forge, status: CommitStatus): StatusRequest {
  const [line = ""] = status.description.split("\n");
  const description = line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
  const json = { "content-type": "application/json" };
  const page = run === undefined ? {} : { target_url: run };
  if (kind === "github")
    return {
      url: `${api}/repos/${project}/statuses/${commit}`,
      headers: {
        ...json,
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ state: status.state, context: status.context, description, ...page }),
    };
  const state = status.state === "failure" ? "failed" : status.state;
  return {
    url: `${api}/projects/${encodeURIComponent(project)}/statuses/${commit}`,
    headers: { ...json, "private-token": token },
    body: JSON.stringify({ state, name: status.context, description, ...page }),
  };
}
