import { request } from "node:http";

export interface Got {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Where it was sent to, if somewhere. */
  readonly location: string | undefined;
}

interface Ask {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As much of a browser as signing in takes: cookies by host, forms, redirects. Every host is at one address. */
export class CookieBrowser {
  private readonly jars = new Map<string, Map<string, string>>();

  constructor(
    /** Of 127.0.0.1. */
    private readonly port: number,
  ) {}

  /** Follows where it is sent, as a person would. */
  async open(url: string, ask: Ask = {}): Promise<Got> {
    let got = await this.ask(url, ask);
    for (let hops = 0; got.location !== undefined; hops++) {
      if (hops > 12) throw new Error(`sent on and on, last to ${got.location}`);
      got = await this.ask(got.location);
    }
    return got;
  }

  /** One request. */
  ask(url: string, { method, form, headers = {} }: Ask = {}): Promise<Got> {
    const { host, hostname, origin, pathname, search } = new URL(url);
    const body = form && new URLSearchParams(form).toString();
    const cookie = [...this.jar(hostname)].map(([name, value]) => `${name}=${value}`).join("; ");
    const sent = {
      Host: host,
      Accept: "text/html,application/xhtml+xml",
      ...(cookie === "" ? {} : { Cookie: cookie }),
      ...(body === undefined
        ? {}
        : {
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": String(body.length),
            Origin: origin,
          }),
      ...headers,
    };
    const options = {
      ...{ host: "127.0.0.1", port: this.port, path: pathname + search, headers: sent, agent: false as const },
      method: method ?? (body === undefined ? "GET" : "POST"),
    };
    return new Promise((resolve, reject) => {
      const asked = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status = 0, headers: answered } = response;
          this.keep(hostname, answered["set-cookie"] ?? []);
          const to = answered.location;
          const location = to === undefined ? undefined : new URL(to, url).href;
          resolve({ url, status, headers: answered, body: Buffer.concat(chunks).toString(), location });
        });
      });
      asked.setTimeout(15_000, () => asked.destroy(new Error(`${url} did not answer`)));
      asked.on("error", reject);
      asked.end(body);
    });
  }

  /** Cookies of a host, to look at and to tamper with. */
  jar(hostname: string): Map<string, string> {
    const jar = this.jars.get(hostname) ?? new Map<string, string>();
    this.jars.set(hostname, jar);
    return jar;
  }

  private keep(hostname: string, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const ended = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=thu, 01 jan 1970/i.test(one));
      if (ended) this.jar(hostname).delete(name);
      else this.jar(hostname).set(name, value);
    }
  }
}

/** The value of a hidden field of a page. */
export function hiddenField(page: string, name: string): string {
  const [, value = ""] = new RegExp(`name="${name}" value="([^"]*)"`).exec(page) ?? [];
  return value;
}
