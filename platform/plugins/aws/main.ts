import { version } from "@pulumi/aws/package.json";
import { serveProvider } from "../../rpc/server";
import { awsProvider } from "./provider";

serveProvider(awsProvider(version));
