import "./platform/orphan";
import "./platform/lazyModules";
import "./platform/sdkDebug";
import * as pulumi from "@pulumi/pulumi";

/** A stack named `sbx-…` is one sandbox; every other one has the services of its file. Only that half is loaded. */
export = async () => {
  if (pulumi.getStack().startsWith("sbx-")) {
    const { sandboxStack } = await import("./components/sandboxStack");
    return sandboxStack();
  }
  const { serviceStack } = await import("./components/serviceStack");
  return serviceStack();
};
