import { z } from "zod";
import { mapWith, text } from "../core/service/field";

/** What a stack may be deployed from. */
export const approvedSourcesSchema = mapWith({
  branches: z
    .array(
      text({
        pattern: /^(?!\/)(?!.*(\.\.|\/\/|@\{))[\w./*-]+(?<!\/)(?<!\.lock)$/,
        longest: 200,
        allowed: "the name of a branch, with * for any part between slashes, such as approved/*",
        advice: "write the branches that only reviewed changes reach, without refs/heads/",
      }),
      { error: "a list of branches; write each on a line of its own" },
    )
    .default([]),
  signers: text({
    pattern: /^[^\0]*[^\0/]$/,
    allowed: "the path of a file, absolute or relative to Pulumi.yaml",
    advice:
      "name the file with the keys whose signed tags count: SSH's allowed signers, or OpenPGP public keys in armor",
  }).exactOptional(),
}).superRefine(({ branches, signers }, context) => {
  if (branches.length > 0 || signers !== undefined) return;
  const params = {
    got: "neither branches nor signers",
    allowed: "at least one of the two",
    advice: "nothing could ever be deployed; leave approvedSources out where anything may",
  };
  context.addIssue({ code: "custom", params });
});
