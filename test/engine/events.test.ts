import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { CloudEvent } from "cloudevents";
import type { SandboxEventKind } from "../../core/events/event";
import { Events, SINK_SECRET } from "../../provider/events/events";
import { TestNamespace } from "../support/cluster";
import { NatsServer } from "../support/natsServer";
import { Webhook } from "../support/webhook";

const AUTHORIZATION = "Bearer a-token-of-this-test-alone";
const MOMENT = Date.parse("2026-11-22T04:30:00Z");

describe("events of a sandbox", () => {
  const namespace = new TestNamespace("events");
  const said: string[] = [];
  const events = new Events({ kube: namespace.kube, namespace: namespace.name, progress: (text) => said.push(text) });
  let moment = MOMENT;

  const happens = (kind: SandboxEventKind, sandbox = "sbx-42") =>
    events.emit({ kind, sandbox, at: new Date((moment += 1000)), by: "olga", data: { snapshot: "n1" } });
  const sinkIs = (stringData: Readonly<Record<string, string>>) =>
    namespace.kube.apply(
      { apiVersion: "v1", kind: "Secret", metadata: { name: SINK_SECRET, namespace: namespace.name }, stringData },
      { fieldManager: "hms-test", force: true },
    );
  const maps = () =>
    namespace.kube.list(
      { apiVersion: "v1", kind: "ConfigMap", namespace: namespace.name },
      { labelSelector: "hms.delivery/event=waiting" },
    );
  /** As if the pause after the last attempt were over. */
  const later = async () => {
    for (const { metadata } of await maps())
      await namespace.kube.patch(
        { apiVersion: "v1", kind: "ConfigMap", namespace: namespace.name, name: metadata.name ?? "" },
        { data: { tried: new Date(MOMENT).toISOString() } },
        { type: "merge" },
      );
  };
  const flush = () => events.flush(AbortSignal.timeout(10_000));

  before(() => namespace.create());
  after(() => namespace.remove());
  beforeEach(() => said.splice(0));

  it("are kept nowhere while no sink is named", async () => {
    await happens("created");
    assert.deepEqual([await maps(), said, await flush()], [[], [], 0]);
  });

  describe("to a webhook", () => {
    const webhook = new Webhook();
    before(async () => {
      await webhook.start();
      await sinkIs({ url: webhook.url, authorization: AUTHORIZATION });
    });
    after(() => webhook.stop());
    beforeEach(() => {
      webhook.answer = (response) => response.writeHead(204).end();
      webhook.got.splice(0);
    });

    it("come as CloudEvents, with the sink's authorization", async () => {
      await happens("created");
      const [{ event, authorization } = {}] = webhook.got;
      assert.equal(authorization, AUTHORIZATION);
      assert.equal(event?.validate(), true);
      assert.deepEqual(
        [event.type, event.subject, event.time, event.data],
        [
          "delivery.hms.sandbox.created",
          "sbx-42",
          new Date(moment).toISOString(),
          { sandbox: "sbx-42", by: "olga", snapshot: "n1" },
        ],
      );
      assert.deepEqual([await maps(), said], [[], []]);
    });

    it("wait in order when it fails, and are delivered by whoever comes by later", async () => {
      webhook.answer = (response) => response.writeHead(503).end();
      await happens("created");
      await happens("shared");
      await happens("destroyed");
      assert.equal((await maps()).length, 3);
      assert.match(said.join("\n"), /created of sbx-42 waits: the webhook answers 503/);
      assert.equal(webhook.got.length, 1, "the pause is not over, and later events wait for the first");
      webhook.answer = (response) => response.writeHead(200).end();
      await later();
      webhook.got.splice(0);
      assert.equal(await flush(), 3);
      assert.deepEqual(webhook.types(), ["created", "shared", "destroyed"]);
      assert.deepEqual(await maps(), []);
    });

    it("do not wait for one that it refuses for good", async () => {
      webhook.answer = (response, { type }) => response.writeHead(type.endsWith("opened") ? 422 : 200).end();
      await happens("opened", "sbx-bad");
      await happens("approved");
      assert.deepEqual(webhook.types(), ["opened", "approved"]);
      assert.equal((await maps()).length, 1);
      webhook.answer = (response) => response.writeHead(200).end();
      await later();
      assert.equal(await flush(), 1);
    });

    it("hold nobody up who does something while it does not answer at all", async () => {
      const held: ServerResponse[] = [];
      webhook.answer = (response) => held.push(response);
      await happens("extended");
      assert.deepEqual([held.length, held[0]?.writableEnded], [1, false]);
      assert.equal((await maps()).length, 1);
      held.forEach((response) => response.destroy());
      webhook.answer = (response) => response.writeHead(200).end();
      await later();
      assert.equal(await flush(), 1);
      assert.equal(webhook.got[0]?.event.id, webhook.got[1]?.event.id, "twice, and to be told by the id");
    });

    it("are not shown, nor is the authorization, to where it redirects", async () => {
      const other = new Webhook();
      await other.start();
      try {
        webhook.answer = (response) => response.writeHead(307, { location: other.url }).end();
        await happens("opened");
        assert.deepEqual([other.got, (await maps()).length], [[], 1]);
      } finally {
        await other.stop();
      }
      webhook.answer = (response) => response.writeHead(200).end();
      await later();
      assert.equal(await flush(), 1);
    });

    it("say what is wrong with the Secret, without what it holds", async () => {
      await sinkIs({ url: "https://olga:hunter2@bus.example.gov", authorization: AUTHORIZATION });
      await happens("created");
      assert.match(said.join("\n"), /nobody was told that it is created: .*write it under `authorization`/);
      assert.doesNotMatch(said.join("\n"), /hunter2|a-token-of-this-test/);
      await sinkIs({ url: webhook.url, authorization: AUTHORIZATION });
      assert.equal(await flush(), 1);
    });

    it("wait when nothing listens there", async () => {
      await webhook.stop();
      await happens("destroyed");
      assert.match(said.join("\n"), /the webhook does not answer: ECONNREFUSED/);
      assert.equal((await maps()).length, 1);
    });
  });

  describe("to NATS", () => {
    const nats = new NatsServer();
    before(() => nats.start());
    after(() => nats.stop());

    it("are kept by a stream, each once, and wait while none is there", async () => {
      await sinkIs({ url: `${nats.address}/hms.sandboxes`, authorization: `token ${nats.token}` });
      await later();
      assert.equal(await flush(), 0);
      assert.match(said.join("\n"), /no stream of the broker keeps hms.sandboxes/);

      await nats.keep("hms.sandboxes");
      await later();
      assert.equal(await flush(), 1);
      await happens("created");
      const twice = { kind: "created", sandbox: "sbx-42", at: new Date(moment), by: "olga" } as const;
      await events.emit({ ...twice, data: { snapshot: "n1" } });
      const kept = await nats.kept();
      assert.deepEqual(
        kept.map((text) => (JSON.parse(text) as CloudEvent).type),
        ["delivery.hms.sandbox.destroyed", "delivery.hms.sandbox.created"],
      );
    });

    it("wait when the token is wrong", async () => {
      await sinkIs({ url: `${nats.address}/hms.sandboxes`, authorization: "token another" });
      await happens("destroyed");
      assert.match(said.join("\n"), /the broker does not answer/);
      assert.equal((await maps()).length, 1);
    });
  });
});
