import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { decisionOf, type Decision } from "../core/permission/decision";
import { asObject, path as at } from "../core/json";
import { sha256 } from "../core/sha256";
import { exec } from "./exec";

/** The bundle of policy/rego, ready to be asked. */
export interface PermissionPolicy {
  /** SHA-256 of the rules and of the grants, as they are asked. */
  readonly digest: string;
  /** Names of the roles that have grants, in the order of the file. */
  readonly roles: readonly string[];
  decide(asked: object): Decision;
}

const ENTRY = "hms/permission/decision";

/**
 * Compiles the rules once for each content, to WebAssembly that this process evaluates itself.
 * @param opa the program that compiles. @param root of the checkout. @param cache folder for what was compiled.
 * @throws ExecError where the rules do not compile.
 */
export async function loadPermissions(opa: string, root: string, cache: string): Promise<PermissionPolicy> {
  const folder = path.join(root, "policy", "rego");
  const rules = fs.readFileSync(path.join(folder, "permission.rego"));
  const grants = fs.readFileSync(path.join(folder, "roles.json"), "utf8");
  const file = path.join(cache, `permission-${sha256(rules).slice(0, 16)}.wasm`);
  if (!fs.existsSync(file)) await compile(opa, path.join(folder, "permission.rego"), file);
  const { loadPolicy } = await import("@open-policy-agent/opa-wasm");
  const policy = await loadPolicy(fs.readFileSync(file));
  const data = JSON.parse(grants) as object;
  policy.setData(data);
  return {
    digest: sha256(`${sha256(rules)} ${sha256(grants)}`),
    roles: Object.keys(asObject(at(data, "permissions", "roles")) ?? {}),
    decide: (asked) => decisionOf(policy.evaluate(asked)),
  };
}

async function compile(opa: string, rules: string, file: string): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "hms-rego-"));
  try {
    const bundle = path.join(work, "bundle.tar.gz");
    await exec(opa, ["build", "--target", "wasm", "--entrypoint", ENTRY, "--output", bundle, rules]);
    await exec("tar", ["-xzf", bundle, "-C", work, "/policy.wasm"]);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    // Renamed into place: another process never reads half of it.
    fs.copyFileSync(path.join(work, "policy.wasm"), `${file}.${process.pid}`);
    fs.renameSync(`${file}.${process.pid}`, file);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}
