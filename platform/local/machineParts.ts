/** Parts of the platform that know nothing of Kubernetes: containers, images, a database, metrics. */
import * as fs from "node:fs";
import * as path from "node:path";
import { cniConfig, CONFINED, containerdConfig, prometheusConfig, registryConfig } from "./configs";
import { accountNamed, claimFolder, confined } from "./confined";
import type { Layout } from "./layout";
import { flags, type Part } from "./part";
import { kubeconfigText } from "./pki";
import { HBA, initialiseDatabase, POSTGRES_BIN } from "./postgres";
import { probeHttp, probePostgres, probeSocket } from "./probe";

export function containerd(layout: Layout): Part {
  const config = path.join(layout.etc, "containerd.toml");
  return {
    name: "containerd",
    needs: [],
    spec: () => ({
      name: "containerd",
      argv: [program("containerd"), "--config", config],
      files: {
        [config]: containerdConfig(layout),
        [path.join(layout.etc, "cni", "10-hms.conflist")]: cniConfig(layout),
      },
    }),
    probe: () => probeSocket(layout.containerdSocket),
  };
}

export function dockerd(layout: Layout): Part {
  const config = path.join(layout.etc, "docker.json");
  return {
    name: "dockerd",
    needs: ["containerd"],
    spec: () => ({
      name: "dockerd",
      argv: [
        program("dockerd"),
        ...flags({
          host: `unix://${layout.dockerSocket}`,
          "config-file": config,
          "data-root": path.join(layout.data, "docker"),
          "exec-root": path.join(layout.run, "docker"),
          pidfile: path.join(layout.run, "dockerd.pid"),
          containerd: layout.containerdSocket,
          // It only builds and pushes: no bridge, no rules, no change to the machine's network.
          bridge: "none",
          iptables: false,
          ip6tables: false,
          "ip-forward": false,
          "ip-masq": false,
          "userland-proxy": false,
          "oom-score-adjust": 0,
          "log-level": "warn",
        }),
      ],
      files: { [config]: "{}\n" },
    }),
    probe: () => probeHttp({ socketPath: layout.dockerSocket, path: "/_ping" }),
  };
}

/** A registry of that name, with a folder of its own, at that host and port. */
export function registry(layout: Layout, name = "registry", address = layout.registry): Part {
  const folder = path.join(layout.data, name);
  return {
    name,
    needs: [],
    spec: () => {
      const account = accountNamed("docker-registry");
      claimFolder(folder, account);
      return {
        name,
        argv: confined(account, folder, [program("docker-registry"), "serve", `${CONFINED}/config.json`]),
        files: { [path.join(folder, "config.json")]: registryConfig(address) },
        owner: account,
        env: { OTEL_TRACES_EXPORTER: "none" },
      };
    },
    probe: () => probeHttp({ url: `http://${address}/v2/` }),
  };
}

export function postgres(layout: Layout): Part {
  const folder = path.join(layout.data, "postgres");
  return {
    name: "postgres",
    needs: [],
    prepare: () => initialiseDatabase(layout, folder),
    spec: () => ({
      name: "postgres",
      argv: confined(accountNamed("postgres"), folder, [
        `${POSTGRES_BIN}/postgres`,
        ...["-D", `${CONFINED}/db`, "-p", String(layout.ports.postgres)],
        ...["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${CONFINED}`],
        ...["-c", `hba_file=${CONFINED}/pg_hba.conf`],
      ]),
      files: { [path.join(folder, "pg_hba.conf")]: HBA },
      owner: accountNamed("postgres"),
    }),
    probe: () => probePostgres(layout.ports.postgres),
  };
}

export function prometheus(layout: Layout): Part {
  const folder = path.join(layout.data, "prometheus");
  return {
    name: "prometheus",
    needs: ["kube-apiserver"],
    spec: () => {
      const account = accountNamed("nobody");
      claimFolder(folder, account);
      return {
        name: "prometheus",
        env: { HMS_PROGRAM: linkInto(folder, path.join(layout.bin, "prometheus")) },
        argv: confined(account, folder, [
          `${CONFINED}/prometheus`,
          ...flags({
            "config.file": `${CONFINED}/prometheus.json`,
            "storage.tsdb.path": `${CONFINED}/tsdb`,
            "storage.tsdb.retention.time": "2d",
            "storage.tsdb.retention.size": "1GB",
            "web.listen-address": `127.0.0.1:${layout.ports.prometheus}`,
            "log.level": "warn",
          }),
        ]),
        files: {
          [path.join(folder, "prometheus.json")]: prometheusConfig(layout),
          [path.join(folder, "kubeconfig")]: kubeconfigText(layout, "prometheus"),
        },
        owner: account,
      };
    },
    probe: () => probeHttp({ url: `http://127.0.0.1:${layout.ports.prometheus}/-/ready` }),
  };
}

/** Puts a program of ours where a confined process can reach it; tells which one it is, so a new one is noticed. */
function linkInto(folder: string, file: string): string {
  const link = path.join(folder, path.basename(file));
  const wanted = fs.statSync(file);
  if (fs.statSync(link, { throwIfNoEntry: false })?.ino !== wanted.ino) {
    fs.rmSync(link, { force: true });
    fs.linkSync(file, link);
  }
  return `${wanted.mtimeMs}:${wanted.size}`;
}

function program(name: string): string {
  for (const folder of ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]) {
    if (fs.existsSync(path.join(folder, name))) return path.join(folder, name);
  }
  throw new Error(`${name} is not installed`);
}
