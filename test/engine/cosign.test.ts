import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { MEDIA_TYPE } from "../../core/attest/artifact";
import { attestationsTag, signaturesTag } from "../../core/attest/digest";
import { trustedKeys } from "../../core/attest/keys";
import { PREDICATE } from "../../core/attest/statement";
import { hmsHome } from "../../platform/home";
import { Progress } from "../../platform/progress";
import { ensureTools } from "../../platform/toolchain/install";
import { readBeside } from "../../provider/attest/beside";
import { namedImage } from "../../provider/attest/image";
import { attest, sign } from "../../provider/attest/sign";
import { verify } from "../../provider/attest/verify";
import { newImageKey } from "../support/imageKey";
import { TestRegistry } from "../support/registry";

/**
 * Builds cosign where it is not there, which takes minutes: so it runs on demand alone, and with a path as its value it
 * writes there what cosign made, which test/unit/attest/cosign.json is. Run it when a format or cosign's version changes.
 */
const WANTED = process.env.HMS_TEST_COSIGN;

if (WANTED !== undefined)
  describe("signatures and attestations, by cosign itself", function () {
    this.timeout(1_800_000);
    const registry = new TestRegistry();
    const folder = mkdtempSync(path.join(os.tmpdir(), "hms-cosign-"));
    let cosign = "";
    const run = (...args: readonly string[]) =>
      promisify(execFile)(cosign, [...args], {
        env: { ...process.env, HOME: folder, COSIGN_PASSWORD: "", COSIGN_YES: "true" },
        cwd: folder,
      });

    before(async () => {
      const context = { home: hmsHome(process.env), progress: new Progress(process.stderr) };
      ({ cosign = "" } = await ensureTools(["cosign"], context));
      await registry.start();
    });
    after(() => {
      registry.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("ours are verified by cosign with the same key", async () => {
      const { signer, pem } = newImageKey();
      const image = await registry.push("benefit", "ours");
      await sign(image, signer);
      await attest(image, { name: "scan", predicate: { verdict: "pass" } }, signer);
      writeFileSync(path.join(folder, "ours.pub"), pem);
      const by = ["--key", "ours.pub", "--insecure-ignore-tlog=true", "--allow-http-registry", image];
      const { stdout } = await run("verify", ...by);
      assert.match(stdout, new RegExp(image.slice(image.indexOf("@") + 1)));
      const attested = await run("verify-attestation", "--type", PREDICATE.scan, ...by);
      const { payload } = JSON.parse(attested.stdout) as { payload: string };
      assert.match(Buffer.from(payload, "base64").toString(), /"verdict":"pass"/);
      writeFileSync(path.join(folder, "other.pub"), newImageKey().pem);
      await assert.rejects(run("verify", "--key", "other.pub", ...by.slice(2)));
    });

    it("cosign's are verified by us", async () => {
      await run("generate-key-pair");
      const image = await registry.push("benefit", "by-cosign", "golden");
      const by = ["--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry"];
      writeFileSync(path.join(folder, "predicate.json"), '{"verdict":"pass"}');
      await run("sign", ...by, image);
      await run("attest", ...by, "--predicate", "predicate.json", "--type", PREDICATE.scan, image);
      const key = readFileSync(path.join(folder, "cosign.pub"), "utf8");
      const verdict = await verify(image, trustedKeys([key]), { attestations: ["scan"] });
      assert.equal(verdict.ok ? "" : verdict.message, "");
      if (WANTED.startsWith("/")) writeFileSync(WANTED, JSON.stringify(await madeByCosign(image, key), null, 2));
    });
  });

/** What lies beside an image that cosign signed. */
async function madeByCosign(image: string, key: string) {
  const named = namedImage(image);
  const digest = named.digest ?? "";
  const part = async (tag: string, mediaType: string) =>
    ((await readBeside(named, tag, mediaType)) ?? []).map(({ entry, bytes }) => ({
      annotations: entry.annotations,
      bytes: bytes?.toString("base64"),
    }));
  const [signatures, attestations] = [signaturesTag(digest), attestationsTag(digest)];
  const manifest = await named.registry.manifest(named.path, signatures);
  return {
    repository: named.repository,
    digest,
    key,
    manifest: manifest?.bytes.toString("base64"),
    signatures: await part(signatures, MEDIA_TYPE.signature),
    attestations: await part(attestations, MEDIA_TYPE.attestation),
  };
}
