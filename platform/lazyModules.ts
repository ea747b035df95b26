/**
 * Loads two modules of the Pulumi SDK when they are used, not when the program starts: both belong to its serializer of
 * functions, which no program of ours uses, and bring npm's whole package resolver with them. A tenth of a preview
 * (docs/performance.md). To be imported before the SDK; an SDK that asks for other modules is not touched.
 */
import { Module } from "node:module";

const LAZY: ReadonlySet<string> = new Set(["@npmcli/arborist", "normalize-package-data"]);
const ASKED_BY = /[\\/]@pulumi[\\/]pulumi[\\/]runtime[\\/]closure[\\/]/;

type Load = (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown;

// Node has no public hook that defers a require; this one is what test runners and tracers use as well.
const loader = Module as unknown as { _load: Load };
const load = loader._load;

loader._load = function (request, parent, isMain) {
  if (!LAZY.has(request) || !ASKED_BY.test(parent?.filename ?? "")) return load.call(Module, request, parent, isMain);
  const real = () => load.call(Module, request, parent, isMain) as Record<PropertyKey, unknown>;
  // Marked as an ES module, or the compiled `import` would copy, and so load, everything at once.
  return new Proxy<Record<PropertyKey, unknown>>(
    { __esModule: true },
    {
      get: (target, key) => (key === "__esModule" ? true : key === "default" ? real() : real()[key]),
    },
  );
};
