import type { SSMClient } from "@aws-sdk/client-ssm";
import { setTimeout as sleep } from "node:timers/promises";
import type { FreezeTexts } from "../../core/freeze/book";
import { UnreadableText } from "../../core/freeze/change";
import { awsRefusal, isAws } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { RefusedError } from "../../platform/errors";
import type { FreezeStore } from "./store";

const NAMES = { flag: "flag", calendar: "calendar", breakGlass: "break-glass" } as const;
type Key = keyof typeof NAMES;
const KEYS = Object.keys(NAMES) as Key[];

/** What a parameter says that stands for no text: taken away and made anew, a parameter would begin to count anew. */
export const NOTHING = "none";
const PATIENCE_MS = 20_000;
const STALE_MS = 30_000;
const TURN_MS = 150;
/** Of one parameter, in the tier of most. */
const LONGEST = 8192;

/** A text, and the number of its version; 0 for a parameter that is not there. */
interface Held {
  readonly text: string | undefined;
  readonly version: number;
}

/**
 * The freeze of an account, in its parameters below a path: `/hms/freeze/flag`, `calendar` and `break-glass`. Whoever may
 * write the flag freezes the account, by any text but `none`:
 * `aws ssm put-parameter --name /hms/freeze/flag --type String --overwrite --value "audit week"`.
 * @param path beginning with a slash, without one at its end.
 */
export function parameterStore(session: AwsSession, path: string): FreezeStore {
  const where = `parameters ${path} of account ${session.account}`;
  const nameOf = (key: Key): string => `${path}/${NAMES[key]}`;
  const client = async (): Promise<SSMClient> => session.client((await import("@aws-sdk/client-ssm")).SSMClient);

  const held = async (signal?: AbortSignal): Promise<Readonly<Record<Key, Held>>> => {
    const { GetParametersCommand } = await import("@aws-sdk/client-ssm");
    const ask = new GetParametersCommand({ Names: KEYS.map(nameOf), WithDecryption: true });
    const { Parameters: found = [] } = await (await client()).send(ask, until(signal)).catch((error: unknown) => {
      throw awsRefusal(`${where} cannot be read`, error, session);
    });
    const of = (key: Key): Held => {
      const { Value: text, Version: version = 0 } = found.find(({ Name }) => Name === nameOf(key)) ?? {};
      return { text: text === NOTHING ? undefined : text, version };
    };
    return { flag: of("flag"), calendar: of("calendar"), breakGlass: of("breakGlass") };
  };

  /** @returns the version that it has now. */
  const put = async (key: Key, text: string | undefined, before: number, signal?: AbortSignal): Promise<number> => {
    const { PutParameterCommand } = await import("@aws-sdk/client-ssm");
    const value = text ?? NOTHING;
    if (Buffer.byteLength(value) > LONGEST)
      throw new RefusedError(
        `the ${NAMES[key]} is longer than the ${LONGEST} bytes that a parameter holds; say less, or keep the freeze in a file`,
      );
    const rest = { Type: "String", Tier: "Intelligent-Tiering", Overwrite: before > 0 } as const;
    const ask = new PutParameterCommand({ Name: nameOf(key), Value: value === "" ? " " : value, ...rest });
    const { Version } = await (await client()).send(ask, until(signal));
    return Version ?? 0;
  };

  /** A text as it was when it had that number, if it had. */
  const earlier = async (key: Key, version: number, signal?: AbortSignal): Promise<string | undefined> => {
    const { GetParameterCommand } = await import("@aws-sdk/client-ssm");
    const ask = new GetParameterCommand({ Name: `${nameOf(key)}:${version}`, WithDecryption: true });
    const { Parameter } = await (await client()).send(ask, until(signal));
    return Parameter?.Value === NOTHING ? undefined : Parameter?.Value;
  };

  const textsOf = (all: Readonly<Record<Key, Held>>): FreezeTexts =>
    Object.fromEntries(KEYS.flatMap((key) => (all[key].text === undefined ? [] : [[key, all[key].text]])));

  return {
    where,
    async read(signal) {
      const all = await held(signal);
      // Every account with a baseline has a calendar: without one this is not where its freeze is.
      if (KEYS.every((key) => all[key].version === 0))
        throw new RefusedError(`there is none; make the account's baseline, or: hms freeze off`);
      return textsOf(all);
    },
    update: (change, signal) =>
      alone(`${path}/lock`, session, where, signal, async () => {
        const before = await held(signal);
        const after = change(textsOf(before));
        // The first to write makes all three, so that whoever reads knows that this is the place.
        const isNew = KEYS.every((key) => before[key].version === 0);
        for (const key of KEYS.filter((one) => isNew || after[one] !== before[one].text)) {
          let { version } = before[key];
          for (let wish = after[key]; ;) {
            const now = await put(key, wish, version, signal);
            if (now <= version + 1) break;
            // Written meanwhile by other means than this, which wait for no turn: what they said stays, and ours with it.
            const theirs = await earlier(key, now - 1, signal);
            const { [key]: _ours, ...others } = after;
            wish = change(theirs === undefined ? others : { ...others, [key]: theirs })[key];
            version = now;
          }
        }
      }),
  };
}

/** Does the work while nobody else does: parameters know no condition but that they do not exist yet. */
async function alone(
  Name: string,
  session: AwsSession,
  where: string,
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const ssm = await import("@aws-sdk/client-ssm");
  const { DeleteParameterCommand, GetParameterCommand, PutParameterCommand } = ssm;
  const client = (): SSMClient => session.client(ssm.SSMClient);
  const giveUp = Date.now() + PATIENCE_MS;
  try {
    for (;;) {
      const made = new PutParameterCommand({ Name, Type: "String", Value: new Date().toISOString(), Overwrite: false });
      const mine = await client()
        .send(made, until(signal))
        .then(
          () => true,
          (error: unknown) => {
            if (isAws(error, "ParameterAlreadyExists", "TooManyUpdates")) return false;
            throw error;
          },
        );
      if (mine) break;
      const held = await client()
        .send(new GetParameterCommand({ Name }), until(signal))
        .catch(() => undefined);
      const since = held?.Parameter?.LastModifiedDate?.getTime() ?? Date.now();
      // Whoever died with it wrote nothing for longer than any write takes.
      if (Date.now() - since > STALE_MS)
        await client()
          .send(new DeleteParameterCommand({ Name }))
          .catch(() => undefined);
      else if (Date.now() > giveUp)
        throw new RefusedError(`the freeze in ${where} is being changed by somebody else; try again`);
      else await sleep(TURN_MS, undefined, signal === undefined ? {} : { signal });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw awsRefusal(`the freeze in ${where} cannot be changed`, error, session);
  }
  try {
    await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UnreadableText) throw error;
    throw awsRefusal(`the freeze in ${where} cannot be changed`, error, session);
  } finally {
    await client()
      .send(new DeleteParameterCommand({ Name }))
      .catch(() => undefined); // or it grows stale
  }
}

const until = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });
