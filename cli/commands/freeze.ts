import { readFileSync } from "node:fs";
import type { FreezeTexts } from "../../core/freeze/book";
import {
  UnreadableText,
  withCalendar,
  withFlag,
  withFlagsLeft,
  withGlass,
  withGlassEnded,
  withoutFlag,
} from "../../core/freeze/change";
import { noticeText } from "../../core/freeze/describe";
import { explainFreeze, explanationText } from "../../core/freeze/explain";
import type { FreezeFlag } from "../../core/freeze/flag";
import { LONGEST_GLASS_SECONDS } from "../../core/freeze/glass";
import { instantText } from "../../core/freeze/instant";
import { isLowered, narrowed } from "../../core/freeze/lower";
import type { Question } from "../../core/freeze/scope";
import { readCalendar } from "../../core/freeze/window";
import { durationText, parseDuration } from "../../core/service/duration";
import { reasonOf, RefusedError } from "../../platform/errors";
import { loadSpans } from "../../core/freeze/recurrence";
import { readFreeze } from "../../provider/freeze/look";
import { thisProcess } from "../../provider/rollout/lease";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { decisionsOf, endOf, everyPlace, freezeLines, onePlace, seeFreeze, storeOf } from "../freeze";
import { askForServices } from "../permission";
import type { OpenStack } from "../stack";
import { ACCOUNT_OPTION } from "./status";

const STACK = { flags: "--stack <name>", description: "stack whose freeze is meant" };
const SERVICE = { flags: "--service <name>", description: "one service instead of the whole stack" };

const me = (): string => {
  const { user, host } = thisProcess();
  return `${user}@${host}`;
};

const serviceScope = (invocation: Invocation) => {
  const service = invocation.text("service");
  return service === undefined ? {} : { services: [service] };
};

/** Asks once: every place has the same services and the same stack's file. */
async function ask(
  action: "freeze" | "unfreeze" | "break-glass",
  [first]: readonly { readonly open: OpenStack }[],
  io: Io,
): Promise<void> {
  if (first) await askForServices(action, first.open, io);
}

const on: Command = {
  name: "freeze on",
  summary: "Raises a freeze: no release goes live until it is over. Going back stays allowed.",
  options: [
    STACK,
    SERVICE,
    ACCOUNT_OPTION,
    { flags: "--reason <text>", description: "why nothing may change" },
    { flags: "--until <time>", description: "when it ends by itself: an instant, a local time with [zone], or 2h" },
    { flags: "--link <url>", description: "where people read more" },
  ],
  examples: [
    'hms freeze on --stack prod --reason "year-end close" --until "2027-01-02T08:00[America/New_York]"',
    'hms freeze on --stack prod --service drought-benefit --reason "INC-1234" --link https://incidents.example.gov/1234',
  ],
  async run(invocation, io) {
    const places = await everyPlace(invocation, io);
    const reason = invocation.required("reason").trim();
    if (reason === "") throw new UsageError("--reason is empty; say why nothing may change");
    const until = invocation.text("until");
    const link = invocation.text("link");
    if (link !== undefined && !(URL.canParse(link) && /^https?:$/.test(new URL(link).protocol)))
      throw new UsageError(`--link: got "${link}"; allowed is an http or https address`);
    const flag: FreezeFlag = {
      reason,
      who: me(),
      since: instantText(new Date()),
      ...(until === undefined ? {} : { until: instantText(await endOf(until, "until")) }),
      ...(link === undefined ? {} : { link }),
      stacks: [invocation.required("stack")],
      ...serviceScope(invocation),
    };
    await ask("freeze", places, io);
    const end = flag.until === undefined ? "until it is lowered" : `until ${flag.until}`;
    for (const { store, label } of places) {
      await change(() => store.update((texts) => withFlag(texts, flag), io.signal));
      io.out.write(`${label}frozen: ${reason}, ${end}\n`);
    }
  },
};

const off: Command = {
  name: "freeze off",
  summary: "Lowers the flags of a stack, or those of one service; windows of the calendar stay.",
  options: [STACK, SERVICE, ACCOUNT_OPTION],
  examples: ["hms freeze off --stack prod", "hms freeze off --stack prod --service drought-benefit"],
  async run(invocation, io) {
    const places = await everyPlace(invocation, io);
    await ask("unfreeze", places, io);
    const service = invocation.text("service");
    const name = invocation.required("stack");
    const lower = (texts: FreezeTexts): FreezeTexts => {
      try {
        return withFlagsLeft(texts, (flag) => narrowed(flag, name, service));
      } catch (error) {
        // What nobody can read can only be taken away as a whole.
        if (!(error instanceof UnreadableText) || service !== undefined) throw error;
        io.err.write(`${error.message}; it is removed\n`);
        return withoutFlag(texts);
      }
    };
    for (const { open, store, label } of places) {
      const { book } = await readFreeze(store, io.signal);
      const mine = book.flags.filter((flag) => isLowered(flag, name, service));
      await change(() => store.update(lower, io.signal));
      for (const flag of mine) io.out.write(`${label}lowered: ${flag.reason} (raised by ${flag.who})\n`);
      if (mine.length === 0) io.out.write(`${label}no flag of ${service ?? name} is raised in ${store.where}\n`);
      for (const line of freezeLines(await seeFreeze(open, io.signal))) io.err.write(`${label}still: ${line}\n`);
    }
  },
};

const status: Command = {
  name: "freeze status",
  summary: "Whether a freeze is in effect: of the stack, and of each service.",
  options: [STACK, SERVICE, ACCOUNT_OPTION, JSON_OPTION],
  examples: ["hms freeze status --stack prod", "hms freeze status --stack prod --json  # for scripts"],
  async run(invocation, io) {
    const stack = await onePlace(invocation, io);
    const seen = await seeFreeze(stack, io.signal);
    const document = { stack: stack.config.stack, store: seen.where, ...seen.stack, services: seen.services };
    answer(io, invocation.flag("json"), document, () => {
      const lines = freezeLines(seen);
      return lines.length === 0 ? "no freeze is in effect" : lines.join("\n");
    });
  },
};

const explain: Command = {
  name: "freeze explain",
  summary: "Every flag, window and break-glass: which apply now, and what comes next.",
  options: [
    STACK,
    SERVICE,
    ACCOUNT_OPTION,
    { flags: "--at <time>", description: "a time to come instead of now" },
    JSON_OPTION,
  ],
  examples: [
    "hms freeze explain --stack prod",
    'hms freeze explain --stack prod --at "2026-12-24T18:00[America/Chicago]"',
  ],
  async run(invocation, io) {
    const stack = await onePlace(invocation, io);
    const store = storeOf(stack);
    const wanted = invocation.text("at");
    const at = wanted === undefined ? new Date() : await endOf(wanted, "at");
    const { book, spans } = await readFreeze(store, io.signal);
    const service = invocation.text("service");
    const question: Question = {
      stack: stack.config.stack,
      action: "deploy",
      ...(service === undefined ? {} : { service }),
    };
    const explained = explainFreeze(book, spans, question, at);
    answer(io, invocation.flag("json"), { store: store.where, ...explained }, () =>
      [`${stack.config.stack} at ${explained.at}, by ${store.where}:`, ...explanationText(explained)].join("\n"),
    );
  },
};

const breakGlass: Command = {
  name: "freeze break-glass",
  summary: "Lifts every freeze of a stack or service for a short time; recorded with name and reason.",
  options: [
    STACK,
    SERVICE,
    ACCOUNT_OPTION,
    { flags: "--by <name>", description: "the person who answers for it" },
    { flags: "--reason <text>", description: "why it cannot wait" },
    {
      flags: "--for <duration>",
      description: `how long it holds, ${durationText(LONGEST_GLASS_SECONDS)} at most`,
      default: "1h",
    },
    { flags: "--end", description: "end it now, before its time" },
  ],
  examples: [
    'hms freeze break-glass --stack prod --by "A. Rivera" --reason "fix for CVE-2026-1234" --for 2h',
    "hms freeze break-glass --stack prod --end  # the work is done",
  ],
  async run(invocation, io) {
    const places = await everyPlace(invocation, io);
    const stack = invocation.required("stack");
    if (invocation.flag("end")) {
      if (["service", "by", "reason"].some((name) => invocation.text(name) !== undefined))
        throw new UsageError("--end ends every break-glass of the stack, and goes with --stack and --account alone");
      await ask("freeze", places, io);
      for (const { store, label } of places) {
        await change(() => store.update((texts) => withGlassEnded(texts, stack, new Date()), io.signal));
        io.out.write(`${label}no glass of ${stack} is broken any more\n`);
      }
      return;
    }
    const [by, reason] = ["by", "reason"].map((name) => {
      const text = invocation.required(name).trim();
      if (text === "") throw new UsageError(`--${name} is empty`);
      return text;
    }) as [string, string];
    const lasts = invocation.required("for");
    const seconds = parseDuration(lasts) ?? 0;
    if (seconds < 1 || seconds > LONGEST_GLASS_SECONDS)
      throw new UsageError(`--for: got "${lasts}"; allowed is a duration up to ${durationText(LONGEST_GLASS_SECONDS)}`);
    await ask("break-glass", places, io);
    const now = new Date();
    const until = instantText(new Date(now.getTime() + seconds * 1000));
    const scope = { stacks: [stack], ...serviceScope(invocation) };
    const glass = { by, reason, since: instantText(now), until, recordedBy: me(), ...scope };
    for (const { open, store, label } of places) {
      await change(() => store.update((texts) => withGlass(texts, glass), io.signal));
      io.out.write(`${label}the glass is broken by ${by} until ${until}: ${reason}\n`);
      for (const line of freezeLines(await seeFreeze(open, io.signal))) io.err.write(`${label}${line}\n`);
    }
  },
};

const calendar: Command = {
  name: "freeze calendar",
  summary: "Prints the calendar of freeze windows, puts another one in its place, or takes it away.",
  options: [
    STACK,
    ACCOUNT_OPTION,
    { flags: "--set <file>", description: "the calendar to use from now on; checked first" },
    { flags: "--remove", description: "have none any more" },
  ],
  examples: [
    "hms freeze calendar --stack prod > calendar.yaml",
    "hms freeze calendar --stack prod --set calendar.yaml  # says when each window is next",
  ],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const file = invocation.text("set");
    if (invocation.flag("remove")) {
      if (file !== undefined) throw new UsageError("--set and --remove exclude each other");
      const places = await everyPlace(invocation, io);
      await ask("unfreeze", places, io);
      for (const { store } of places) {
        await change(() => store.update((texts) => withCalendar(texts, undefined), io.signal));
        io.out.write(`${store.where} has no calendar\n`);
      }
      return;
    }
    if (file === undefined) {
      const store = storeOf(await onePlace(invocation, io));
      const { calendar: text } = await store.read(io.signal);
      if (text === undefined) throw new RefusedError(`${store.where} has no calendar`);
      io.out.write(text.replace(/\n?$/, "\n"));
      return;
    }
    const text = textOf(file);
    const { value: windows, problems } = readCalendar(text);
    if (problems.length > 0) throw new RefusedError(problems.map((problem) => `${file}: ${problem}`).join("\n"));
    const places = await everyPlace(invocation, io);
    // Another calendar may freeze less than the one that is there.
    await ask("unfreeze", places, io);
    const spans = await loadSpans();
    const book = { flags: [], windows, glass: [], problems: [] };
    const explained = explainFreeze(book, spans, { stack, action: "deploy" }, new Date());
    for (const { store } of places) await change(() => store.update((texts) => withCalendar(texts, text), io.signal));
    io.out.write(`${explanationText(explained).slice(1).join("\n")}\n`);
    const [first] = places;
    const notice = first && noticeText(decisionsOf(first.open, first.store.where, book, spans).stack);
    if (notice !== undefined) io.err.write(`${notice}\n`);
  },
};

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`the calendar ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** @throws RefusedError when what is there cannot be read: it freezes, and a person has to look. */
async function change(update: () => Promise<void>): Promise<void> {
  try {
    await update();
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    const advice = "correct it, or take it away with hms freeze off; nothing was changed";
    throw new RefusedError(`${error.message}; as long as it is so, everything is frozen; ${advice}`, { cause: error });
  }
}

export const freezeCommands: readonly Command[] = [on, off, status, explain, breakGlass, calendar];
