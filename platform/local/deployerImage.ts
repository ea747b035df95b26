import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { projectRoot } from "../home";
import { PLUGINS } from "../toolchain/plugins";
import { currentBundle } from "../toolchain/launcher";
import { ensureLayeredImage, folderLayer, hashOf, madeOf, type ImageOptions, type LayeredImage } from "./imageLayers";
import type { Layout } from "./layout";
import type { ImageRuntime } from "./ociImage";
import { nodeInputs, nodeLayers } from "./runnerImage";

/** Where things are in the image. */
export const DEPLOYER = {
  program: "/app",
  plugins: "/opt/hms/plugins",
  node: "/usr/local/bin/node",
} as const;

const RUNTIME: ImageRuntime = {
  entrypoint: [DEPLOYER.node, `${DEPLOYER.program}/bin/launch.cjs`],
  user: "65532:65532",
  env: [
    "PATH=/usr/local/bin:/usr/bin",
    "HOME=/tmp",
    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    "PULUMI_NODEJS_TRANSPILE_ONLY=true",
    "PULUMI_SKIP_UPDATE_CHECK=true",
  ],
};

/** Bundles that an update runs. */
const BUNDLES = ["cli", "program", "provider", "policy"];
/** Of the checkout, what no update reads; stack files come with each run. */
const LEFT_OUT = /^(node_modules|dist|docs|test|sandboxes\.yaml|\..*|Pulumi\..+\.yaml)$/;
/** Of the modules, what nothing loads that runs. */
const UNUSED = /\.(d\.[cm]?ts|map|md|markdown)$/i;

/**
 * The image in which an update of a stack runs in a cluster, in the local registry: the runner's lowest layers, the
 * engine with its plugins, the modules, and this checkout as it is now. There is no shell in it, so what scripts start
 * elsewhere is started by Node.js. @param env in which `pulumi` is found and PULUMI_HOME is set. @returns its reference by digest
 * @throws RefusedError when the engine, packages or the registry are out of reach
 */
export function ensureDeployerImage(layout: Layout, env: NodeJS.ProcessEnv, options: ImageOptions): Promise<string> {
  const root = projectRoot();
  const engine = engineFiles(env);
  const program = programFiles(root);
  const engineInputs = hashOf(JSON.stringify(madeOf(Object.entries(engine).map(([to, from]) => [to, stampOf(from)]))));
  const moduleInputs = hashOf(JSON.stringify(madeOf(fs.readFileSync(path.join(root, "package-lock.json"), "utf8"))));
  const programInputs = hashOf(
    JSON.stringify(madeOf(Object.entries(program).map(([to, from]) => [to, hashOf(fs.readFileSync(from))]))),
  );
  const image: LayeredImage = {
    what: "the image of updates",
    repository: "hms/deployer",
    runtime: RUNTIME,
    inputs: { ...nodeInputs(), engine: engineInputs, modules: moduleInputs, program: programInputs },
    layers: async () => [
      ...(await nodeLayers(layout, options)),
      await folderLayer(layout, { name: "engine", inputs: engineInputs }, options, async (folder) => {
        await place(folder, engine);
        for (const name of fs.readdirSync(path.join(folder, DEPLOYER.plugins))) startByNode(folder, name);
        writeStarter(path.join(folder, "usr/local/bin/pulumi-analyzer-policy-hms"), POLICY);
      }),
      await folderLayer(layout, { name: "modules", inputs: moduleInputs }, options, (folder) =>
        placeModules(root, path.join(folder, DEPLOYER.program)),
      ),
      await folderLayer(layout, { name: "program", inputs: programInputs }, options, async (folder) => {
        await place(folder, program);
        const app = path.join(folder, DEPLOYER.program);
        fs.writeFileSync(path.join(app, "dist", "sealed"), "");
        writeStarter(path.join(app, "provider", "pulumi-resource-hms"), launching("provider"));
        writeStarter(path.join(app, "policy", "pulumi", "pulumi-analyzer-policy-hms"), POLICY);
        // Whoever the pod runs as puts the stack's file there.
        fs.chmodSync(app, 0o1777);
      }),
    ],
  };
  return ensureLayeredImage(layout, image, options);
}

const launching = (program: string): string =>
  `require("${DEPLOYER.program}/bin/launch.cjs").main(["${program}", ...process.argv.slice(2)]);`;
const POLICY = launching("policy");

function writeStarter(file: string, script: string): void {
  fs.writeFileSync(file, `#!${DEPLOYER.node}\n${script}\n`, { mode: 0o755 });
  fs.chmodSync(file, 0o755);
}

/** A stand-in's own starter is a script of a shell. */
function startByNode(folder: string, plugin: string): void {
  const name = /^resource-(.+)-v\d/.exec(plugin)?.[1] ?? "";
  const files = path.join(folder, DEPLOYER.plugins, plugin);
  if (fs.existsSync(path.join(files, `plugin-${name}.cjs`)))
    writeStarter(path.join(files, `pulumi-resource-${name}`), `require("./plugin-${name}.cjs");`);
}

/** In bytes; hashing what is larger takes a part of a second at each run. */
const LARGE = 32 * 2 ** 20;

type Files = Readonly<Record<string, string>>;

/** Path in the image -> file here. @throws RefusedError when the engine or a plugin is not installed. */
function engineFiles(env: NodeJS.ProcessEnv): Files {
  const plugins = path.join(env.PULUMI_HOME ?? "", "plugins");
  const installed = fs.existsSync(plugins) ? fs.readdirSync(plugins, { recursive: true, withFileTypes: true }) : [];
  const wanted = PLUGINS.map((name) => `resource-${name}-v${versionOf(name)}`);
  const files = installed
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(plugins, path.join(entry.parentPath, entry.name)))
    .filter((file) => wanted.includes(file.split(path.sep)[0] ?? ""));
  const programs = ["pulumi", "pulumi-language-nodejs"].map((name) => [`/usr/local/bin/${name}`, onPath(name, env)]);
  const own = files.map((file) => [`${DEPLOYER.plugins}/${file}`, path.join(plugins, file)]);
  return Object.fromEntries([...programs, ...own]) as Files;
}

function versionOf(name: string): string {
  const file = path.join(projectRoot(), "node_modules", "@pulumi", name, "package.json");
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}

function onPath(program: string, env: NodeJS.ProcessEnv): string {
  const found = (env.PATH ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find((file) => fs.existsSync(file));
  if (found === undefined) throw new RefusedError(`${program} is not on PATH; run: hms local up`);
  return fs.realpathSync(found);
}

/** Of a large file, that it was written again; of a plugin's, what is in it, for checkouts install theirs in turn. */
function stampOf(file: string): string {
  const { size, mtimeMs } = fs.statSync(file);
  return size > LARGE ? `${file} ${size} ${mtimeMs}` : hashOf(fs.readFileSync(file));
}

function programFiles(root: string): Files {
  const tops = fs.readdirSync(root).filter((name) => !LEFT_OUT.test(name));
  const sources = tops.flatMap((top) => filesBelow(path.join(root, top)));
  const bundles = BUNDLES.map(currentBundle);
  return Object.fromEntries(
    [...sources, ...bundles].sort().map((file) => [`${DEPLOYER.program}/${path.relative(root, file)}`, file]),
  );
}

function filesBelow(place: string): string[] {
  if (!fs.statSync(place).isDirectory()) return [place];
  return fs
    .readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

async function place(folder: string, files: Files): Promise<void> {
  for (const [to, from] of Object.entries(files)) {
    const target = path.join(folder, to);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    await fs.promises.copyFile(from, target);
    fs.chmodSync(target, fs.statSync(from).mode & 0o755);
  }
}

/** The modules that are no development dependencies, as the lock file tells them apart. */
async function placeModules(root: string, app: string): Promise<void> {
  const lock = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const wanted = Object.entries(lock.packages).filter(([name, { dev }]) => name !== "" && dev !== true);
  for (const [name] of wanted) {
    const from = path.join(root, name);
    if (!fs.existsSync(from)) continue;
    const isNested = (file: string): boolean => file !== from && path.basename(file) === "node_modules";
    await fs.promises.cp(from, path.join(app, name), {
      recursive: true,
      filter: (file) => !UNUSED.test(file) && !isNested(file),
    });
  }
}
