/** How a resource of any kind behaves towards the engine; the kind's description says by which calls. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  containsSecret,
  containsUnknown,
  isProperties,
  isUnknown,
  messageOf,
  PartialFailure,
  reveal,
  sameValue,
  secret,
  UNKNOWN,
  withSecretsOf,
  type CheckFailure,
  type DiffKind,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  type Value,
} from "../../rpc";
import type { Account } from "./account";
import { same } from "./compare";
import { TAGS, text, type Answer, type Kind, type Property, type Where } from "./kind";
import { isAutonamed, named } from "./naming";
import { inWords, isGone } from "./services";
import { strangersIn } from "./shape";

/** Longest that something may take until it can be used. */
const READY_MS = 10 * 60_000;
const ASK_AGAIN_MS = 2_000;

export function handlerOf(kind: Kind, account: Account): ResourceHandler {
  const regional = kind.global !== true;
  const properties: Readonly<Record<string, Property>> = {
    ...kind.inputs,
    ...(kind.inputs.tags === undefined ? {} : { tagsAll: TAGS }),
    ...(regional ? { region: { replace: true, default: account.settings.region } } : {}),
  };
  const { defaultTags } = account.settings;
  const whereOf = (inputs: Properties): Where =>
    account.where(regional && typeof inputs.region === "string" ? inputs.region : undefined);
  const withDefaults = (inputs: Properties): Properties => {
    const result = { ...inputs };
    for (const [name, property] of Object.entries(properties))
      if (result[name] === undefined && property.default !== undefined) result[name] = property.default;
    return result;
  };
  const caller = (where: Where, signal: AbortSignal) => (call: readonly [string, object]) =>
    account.call(kind.service, call, signal, where.region);

  /** State against wishes. What is not said is compared with the default; without one, it is left alone. */
  const changesBetween = (olds: Properties, oldInputs: Properties, news: Properties, ignored: readonly string[]) => {
    const changes = new Map<string, DiffKind>();
    for (const [name, property] of Object.entries(properties)) {
      if (name === "tags" || ignored.includes(name) || (name === "tagsAll" && ignored.includes("tags"))) continue;
      if (news[name] === undefined && (property.computed === true || isPrefix(kind, name))) continue;
      const before = (property.local === true ? oldInputs[name] : (olds[name] ?? oldInputs[name])) ?? property.default;
      const after = news[name] ?? property.default;
      if (isPrefix(kind, name) && before === undefined) continue;
      if (same(before, after, property)) continue;
      const what = before === undefined ? "add" : after === undefined ? "delete" : "update";
      changes.set(name, property.replace === true ? `${what}-replace` : what);
    }
    return changes;
  };

  const look = async (id: string, inputs: Properties, signal: AbortSignal): Promise<Properties | undefined> => {
    const where = whereOf(inputs);
    const found: Properties = {};
    for (const { command, input, take, unset } of kind.reads) {
      let answer: Answer;
      try {
        answer = await caller(where, signal)([command, input(id, found, where)]);
      } catch (error) {
        if (unset !== undefined && error instanceof Error && unset[0].test(error.name)) {
          Object.assign(found, unset[1]);
          continue;
        }
        if (isGone(error)) return undefined;
        throw inWords(error);
      }
      const taken = take(answer, where, id);
      if (taken === undefined) return undefined;
      for (const [name, value] of Object.entries(taken)) if (value !== undefined) found[name] = value;
    }
    return found;
  };

  /** What was found, as the state has it: in the author's words where these say the same. */
  const stateOf = (found: Properties, inputs: Properties): Properties => {
    const state = Object.fromEntries(Object.entries(found).filter(([name]) => !name.startsWith("_")));
    for (const [name, property] of Object.entries(kind.inputs)) {
      const said = inputs[name];
      if (said === undefined) continue;
      if (property.local === true || same(state[name], said, property)) state[name] = said;
    }
    const all = state.tagsAll;
    if (isProperties(all)) {
      const own = isProperties(inputs.tags) ? inputs.tags : {};
      const kept = Object.entries(all).filter(([name, value]) => name in own || defaultTags[name] !== value);
      state.tags = Object.fromEntries(kept);
    }
    if (regional) state.region = whereOf(inputs).region;
    return state;
  };

  const apply = async (
    id: string,
    news: Properties,
    olds: Properties,
    names: readonly string[],
    signal: AbortSignal,
  ) => {
    const where = whereOf(news);
    const wanted = withDefaults(news);
    for (const { properties: covered, calls } of kind.changes) {
      if (!covered.some((name) => names.includes(name))) continue;
      const call = caller(where, signal);
      for (const one of await calls(id, wanted, olds, where, call)) await call(one);
    }
  };

  const settled = async (id: string, inputs: Properties, signal: AbortSignal): Promise<Properties> => {
    for (const giveUp = Date.now() + READY_MS; ;) {
      const found = await look(id, inputs, signal);
      if (found !== undefined && kind.isReady?.(found) !== false) return stateOf(found, inputs);
      if (Date.now() > giveUp) throw new Error(`${id} was made and cannot be used after ${READY_MS / 60_000} minutes`);
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    }
  };

  return {
    check({ type, name, olds, news, randomSeed }) {
      const { __defaults: _defaults, ...said } = news;
      const failures: CheckFailure[] = [];
      let inputs: Properties = {};
      for (const [property, value] of Object.entries(reveal(said))) {
        if (value === null) continue;
        const known = property === "tagsAll" ? undefined : properties[property];
        const strangers = known === undefined ? [""] : strangersIn(value, known.shape ?? {});
        if (known === undefined || (known.shape !== undefined && strangers.length > 0))
          for (const path of strangers)
            failures.push({
              property: `${property}${path}`,
              reason: `is not covered by this stand-in of the aws plugin for ${type}`,
            });
        inputs[property] = known?.document === undefined || typeof value === "string" ? value : documentOf(value);
      }
      if (kind.name !== undefined) {
        inputs = named(inputs, reveal(olds), kind.name, name, randomSeed ?? Buffer.from(name));
        const { property, longest } = kind.name;
        const physical = inputs[property];
        if (typeof physical === "string" && !isUnknown(physical) && physical.length > longest)
          failures.push({ property, reason: `may have ${longest} letters, and has ${physical.length}` });
      }
      if (kind.inputs.tags !== undefined) {
        const { tags } = inputs;
        inputs.tagsAll = tags !== undefined && !isProperties(tags) ? UNKNOWN : { ...defaultTags, ...tags };
      }
      return { inputs: keepSecret(inputs, news), failures };
    },

    diff({ oldInputs, olds, news, ignoreChanges, name }) {
      const ignored = ignoreChanges.map((path) => /^[^.[]+/.exec(path)?.[0] ?? path);
      const [before, wanted] = [reveal(olds), reveal(news)];
      const changes = changesBetween(before, reveal(oldInputs), wanted, ignored);
      const detailed: Record<string, PropertyDiff> = {};
      for (const [property, what] of changes) detailed[property] = { kind: what };
      const replaces = [...changes].filter(([, what]) => what.endsWith("-replace")).map(([property]) => property);
      const free = kind.name !== undefined && isAutonamed(wanted, kind.name, name);
      const sameIdentity = kind.identity?.every((property) => sameValue(before[property], wanted[property])) === true;
      const moved = regional && changes.has("region");
      return {
        changes: changes.size > 0,
        replaces,
        detailed,
        deleteBeforeReplace: replaces.length > 0 && sameIdentity && !free && !moved,
      };
    },

    async create({ inputs, preview, signal }) {
      const wanted = reveal(inputs);
      if (preview) {
        return { id: "", outputs: { ...(regional ? { region: account.settings.region } : {}), ...inputs } };
      }
      const where = whereOf(wanted);
      const full = withDefaults(wanted);
      let answer: Answer = () => undefined;
      if (kind.create !== undefined)
        answer = await caller(
          where,
          signal,
        )(kind.create(full, where)).catch((error: unknown) => {
          throw inWords(error, inputs);
        });
      const id = text(kind.id(full, answer, where));
      if (id === "") throw new Error(`${kind.service} has made something and did not say what`);
      try {
        const late = kind.create === undefined ? Object.keys(properties) : (kind.late ?? []);
        const said = late.filter(
          (name) => !same(wanted[name] ?? properties[name]?.default, properties[name]?.default, properties[name]),
        );
        if (kind.isReady !== undefined) await settled(id, wanted, signal);
        await apply(id, wanted, {}, kind.create === undefined ? late : said, signal);
        return { id, outputs: keepSecret({ ...wanted, ...(await settled(id, wanted, signal)) }, inputs) };
      } catch (error) {
        // It is there: without its id in the state nobody would know.
        const reason = `${id} was made, and then: ${messageOf(inWords(error, inputs))}`;
        throw new PartialFailure({ id, properties: inputs, inputs, reasons: [reason] }, { cause: error });
      }
    },

    async read({ id, inputs, olds, signal }) {
      const said = reveal(inputs);
      const found = await look(id, said, signal);
      if (found === undefined) return undefined;
      const state = stateOf(found, said);
      const current: Properties = {};
      for (const [name, property] of Object.entries(properties)) {
        const value = property.local === true ? said[name] : (state[name] ?? said[name]);
        if (value === undefined) continue;
        // An import takes what differs from a default, a refresh what was said and what a default owns.
        const owned = property.computed !== true && property.local !== true;
        if (name in said || (owned && !same(value, property.default, property))) current[name] = value;
      }
      return {
        id,
        inputs: keepSecret(current, inputs),
        outputs: keepSecret(keepSecret(state, inputs), olds),
      };
    },

    async update({ id, inputs, olds, oldInputs, preview, ignoreChanges, signal }) {
      const [wanted, before] = [reveal(inputs), reveal(olds)];
      if (preview) return { outputs: { ...olds, ...inputs } };
      const changes = changesBetween(before, reveal(oldInputs), wanted, ignoreChanges);
      try {
        await apply(id, wanted, before, [...changes.keys()], signal);
        return { outputs: keepSecret({ ...wanted, ...(await settled(id, wanted, signal)) }, inputs) };
      } catch (error) {
        throw inWords(error, inputs);
      }
    },

    async delete({ id, olds, signal }) {
      const state = reveal(olds);
      const where = whereOf(state);
      const call = caller(where, signal);
      try {
        await kind.empty?.(id, state, call);
        for (const one of kind.remove(id, state, where)) await call(one);
      } catch (error) {
        if (error instanceof Error && kind.stays?.test(error.name) === true) return;
        if (!isGone(error)) throw inWords(error);
      }
    },
  };
}

const isPrefix = (kind: Kind, name: string): boolean => kind.name?.prefix === name;

/** Sorted keys: objects come from the engine without an order. */
const documentOf = (value: Value): Value => (containsUnknown(value) ? UNKNOWN : JSON.stringify(value));

/** What was secret stays it, also where an object has become a text. */
function keepSecret(values: Properties, pattern: Properties): Properties {
  const kept = withSecretsOf(values, pattern);
  for (const [name, value] of Object.entries(kept))
    if (typeof value === "string" && containsSecret(pattern[name])) kept[name] = secret(value);
  return kept;
}
