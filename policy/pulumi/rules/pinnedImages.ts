import { asString } from "../../../core/json";
import { podSpecOf } from "../podSpecs";
import { at, type Known, type Resource, type Rule } from "../rule";
import { items } from "../shape";

const PINNED = /@sha256:[0-9a-f]{64}$/;

export const pinnedImages: Rule = {
  name: "pinned-images",
  description: "Every image is named by its digest: a tag says something else tomorrow.",
  check: (resource) =>
    imagesOf(resource).flatMap(({ where, image }) =>
      PINNED.test(image)
        ? []
        : [
            `image of ${where}: got ${JSON.stringify(image)}; allowed is an image by digest, <repository>@sha256:<64 hex digits>`,
          ],
    ),
};

function imagesOf(resource: Resource): readonly { readonly where: string; readonly image: string }[] {
  if (resource.type === "hms:rollout:Migration") return named("the migration", at(resource.inputs, "work", "image"));
  const spec = podSpecOf(resource);
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((key) =>
    items(at(spec, key)).flatMap((container) =>
      named(`container ${asString(at(container, "name")) ?? ""}`, at(container, "image")),
    ),
  );
}

const named = (where: string, image: Known | undefined) => (typeof image === "string" ? [{ where, image }] : []);
