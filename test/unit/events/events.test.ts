import assert from "node:assert/strict";
import { CloudEvent, ValidationError } from "cloudevents";
import fc from "fast-check";
import { eventOf, SANDBOX_EVENTS } from "../../../core/events/event";
import { dueAt, isStale } from "../../../core/events/retry";
import { parseSink } from "../../../core/events/sink";

const AT = new Date("2026-11-22T04:30:00Z");
const SOURCE = "/hms/clusters/hms-local";

describe("an event", () => {
  it("is one by the rules of CloudEvents' own SDK, whatever happened", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SANDBOX_EVENTS),
        fc.date({ noInvalidDate: true, min: new Date("2000-01-01"), max: new Date("2200-01-01") }),
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
        (kind, at, data) => {
          const event = eventOf({ kind, sandbox: "sbx-42", at, by: "olga", data }, SOURCE);
          assert.equal(new CloudEvent({ ...event }, true).validate(), true);
        },
      ),
    );
    assert.throws(() => new CloudEvent({ ...eventOf(happening(), SOURCE), source: "" }, true), ValidationError);
  });

  it("has one id for one happening and another for another", () => {
    const { id } = eventOf(happening(), SOURCE);
    assert.equal(eventOf(happening(), SOURCE).id, id);
    const others = [
      eventOf({ ...happening(), kind: "destroyed" }, SOURCE),
      eventOf({ ...happening(), at: new Date(AT.getTime() + 1) }, SOURCE),
      eventOf({ ...happening(), by: "ben" }, SOURCE),
      eventOf({ ...happening(), data: { snapshot: "20261122T000000Z" } }, SOURCE),
      eventOf(happening(), "/hms/clusters/other"),
    ].map((event) => event.id);
    assert.equal(new Set([id, ...others]).size, 6);
  });

  const happening = () => ({ kind: "created", sandbox: "sbx-42", at: AT, by: "olga" }) as const;
});

describe("the address of a sink", () => {
  it("is a webhook or a subject", () => {
    assert.deepEqual(parseSink("https://bus.example.gov/hms?tenant=7"), {
      kind: "http",
      url: "https://bus.example.gov/hms?tenant=7",
    });
    assert.deepEqual(parseSink("tls://nats.example.gov:4222/hms.sandboxes"), {
      kind: "nats",
      servers: "tls://nats.example.gov:4222",
      subject: "hms.sandboxes",
    });
  });

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ["bus.example.gov", /no URL; allowed are http/],
    ["", /no URL/],
    ["ftp://bus.example.gov/secret-path", /begins with ftp:; allowed are/],
    ["nats://bus.example.gov:4222", /names no subject/],
    ["nats://bus.example.gov:4222/hms.>", /names no subject/],
    ["nats://bus.example.gov:4222/hms.*.created", /names no subject/],
    ["nats://bus.example.gov:4222/hms..created", /names no subject/],
    ["nats://bus.example.gov:4222/a%20b", /names no subject/],
    ["https://olga:hunter2@bus.example.gov/", /write it under `authorization`/],
  ];
  for (const [url, message] of REFUSED)
    it(`is refused when it is ${JSON.stringify(url)}`, () => {
      assert.throws(
        () => parseSink(url),
        (error: Error) => message.test(error.message) && !/hunter2|secret-path/.test(error.message),
      );
    });
});

describe("an event that waits", () => {
  it("is due at once before the first attempt, then after pauses that double up to ten minutes", () => {
    assert.deepEqual(dueAt({ attempts: 0, since: AT }), AT);
    const pauses = [1, 2, 3, 8, 9, 50].map(
      (attempts) => (dueAt({ attempts, since: AT, tried: AT }).getTime() - AT.getTime()) / 1000,
    );
    assert.deepEqual(pauses, [5, 10, 20, 600, 600, 600]);
  });

  it("is given up after a week", () => {
    const week = 7 * 24 * 3_600_000;
    assert.equal(isStale({ attempts: 3, since: AT }, new Date(AT.getTime() + week)), false);
    assert.equal(isStale({ attempts: 3, since: AT }, new Date(AT.getTime() + week + 1)), true);
  });
});
