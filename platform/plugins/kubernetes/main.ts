import { version } from "@pulumi/kubernetes/package.json";
import { serveProvider } from "../../rpc/server";
import { kubernetesProvider } from "./provider";

serveProvider(kubernetesProvider(version));
