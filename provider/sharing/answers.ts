import type { ServerResponse } from "node:http";
import { policyOf } from "../../core/sharing/style";

/** An answer, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** On all that the gate says: nobody keeps it, finds it or frames it. */
export const GUARDED: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "X-Robots-Tag": "noindex",
  "X-Content-Type-Options": "nosniff",
  // Not `no-referrer`: with it browsers do not say where a form comes from.
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
};

export const pageAnswer = (status: number, body: string, cookies: readonly string[] = []): Answer => ({
  status,
  headers: {
    ...GUARDED,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policyOf("'self'"),
    ...(cookies.length === 0 ? {} : { "Set-Cookie": cookies }),
  },
  body,
});

export const textAnswer = (status: number, body: string): Answer => ({
  status,
  headers: { ...GUARDED, "Content-Type": "text/plain; charset=utf-8" },
  body: `${body}\n`,
});

export const redirectTo = (to: string, cookies: readonly string[] = []): Answer => ({
  status: 303,
  headers: { ...GUARDED, Location: to, ...(cookies.length === 0 ? {} : { "Set-Cookie": cookies }) },
  body: "",
});

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers } as Record<string, string | string[]>);
  response.end(body);
}
