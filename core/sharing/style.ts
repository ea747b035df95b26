import { createHash } from "node:crypto";

/** The whole style of the gate's pages; nothing is loaded from anywhere. Contrasts are 4.5 to 1 and better, dark or light. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#f6f8fa;--card:#fff;--link:#0b57d0;
--good:#116329;--good-bg:#dafbe1;--bad:#a40e26;--bad-bg:#ffebe9;--wait:#6b4a00;--wait-bg:#fff4d1;--focus:#0b57d0}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#a1abb6;--line:#3a424b;--page:#0d1117;--card:#161b22;--link:#8ab8ff;
--good:#7ee2a0;--good-bg:#0f2e1a;--bad:#ffa198;--bad-bg:#3a1214;--wait:#f2cc60;--wait-bg:#332600;--focus:#8ab8ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer{max-width:46rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding-top:1.25rem;padding-bottom:.25rem;color:var(--soft);font-size:.875rem}
footer{padding-bottom:2rem;color:var(--soft);font-size:.875rem}
h1{font-size:1.75rem;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:1.0625rem;margin:0 0 .75rem}
.top{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:.75rem;margin:.75rem 0 .25rem}
.card .top{margin:0 0 .75rem}.card .top h2{margin:0}
main{padding-top:.5rem}
.lead{margin:.25rem 0 1.25rem;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.625rem;padding:1.25rem;margin:0 0 1.25rem}
.state{border-radius:2rem;padding:.2rem .8rem;font-weight:600;font-size:.875rem;white-space:nowrap}
.approved{color:var(--good);background:var(--good-bg)}.rejected{color:var(--bad);background:var(--bad-bg)}.waiting{color:var(--wait);background:var(--wait-bg)}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.5rem 1.5rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ol{list-style:none;margin:0;padding:0}
li+li{border-top:1px solid var(--line);margin-top:.875rem;padding-top:.875rem}
.who{display:flex;flex-wrap:wrap;gap:.5rem;align-items:baseline}.who time,.who .note{color:var(--soft);font-size:.875rem}
.said{margin:.35rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin:0 0 .25rem}
.hint{margin:0 0 .5rem;color:var(--soft);font-size:.875rem}
textarea{width:100%;min-height:6.5rem;padding:.625rem .75rem;font:inherit;color:inherit;background:var(--page);border:1px solid var(--soft);border-radius:.375rem}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1rem}
button,.button{font:inherit;font-weight:600;padding:.55rem 1.25rem;border-radius:.375rem;border:1px solid transparent;cursor:pointer;text-decoration:none;display:inline-block}
.yes{background:#116329;color:#fff}.yes:hover{background:#0d4f21}
.no{background:transparent;color:var(--bad);border-color:var(--bad)}.no:hover{background:var(--bad-bg)}
.plain{background:transparent;color:var(--link);border-color:var(--line);padding:.3rem .75rem;font-weight:500}
a{color:var(--link)}
a:focus-visible,button:focus-visible,textarea:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.notice{border-left:.3rem solid;border-radius:.375rem;padding:.75rem 1rem;margin:0 0 1.25rem}
.list button{display:block;width:100%;text-align:left;margin:0 0 .6rem;background:var(--page);color:var(--ink);border-color:var(--line);font-weight:500}
.list button:hover{border-color:var(--link)}.list small{display:block;color:var(--soft)}
`;

/** What a page may do: have this style, and send forms to its own host. */
export const policyOf = (formAction: "'self'" | "anywhere"): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
    ...(formAction === "anywhere" ? [] : [`form-action ${formAction}`]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
