import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileStore } from "../../provider/freeze/fileStore";
import { askFreeze } from "../../provider/freeze/look";
import { freezeReceiver, listen } from "../../provider/freeze/receiver";
import { Alertmanager } from "../support/alertmanager";

const TOKEN = "a-token-of-this-test-alone";
const FREEZES = { alertname: "ErrorBudgetBurn", freeze: "true" };

describe("a freeze that a real Alertmanager raises", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hms-freeze-"));
  const store = fileStore(path.join(folder, "freeze"));
  const alertmanager = new Alertmanager();
  const stop = new AbortController();

  const look = async () => {
    const decision = await askFreeze(store, { stack: "prod", action: "deploy" });
    return decision.frozen ? decision : undefined;
  };
  const until = async (wanted: boolean) => {
    const giveUp = Date.now() + 30_000;
    for (;;) {
      const found = await look();
      if ((found !== undefined) === wanted) return found;
      assert.ok(Date.now() < giveUp, `not ${wanted ? "frozen" : "open"} within 30 s`);
      await new Promise((done) => setTimeout(done, 50));
    }
  };

  before(async () => {
    const label = { name: "freeze", value: "true" };
    const parts = { store, stack: "prod", label, token: TOKEN, log: () => undefined };
    await alertmanager.start(await listen(freezeReceiver(parts), "127.0.0.1", 0, stop.signal), TOKEN);
  });
  after(async () => {
    await alertmanager.stop();
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the alert's summary as reason, its link, and ends with it", async () => {
    const annotations = { summary: "5 % of requests fail", link: "https://grafana.example.gov/d/1" };
    await alertmanager.alert(FREEZES, annotations, "fires");
    const frozen = await until(true);
    assert.deepEqual(
      [frozen?.reason, frozen?.link, frozen?.who, frozen?.until],
      [
        "ErrorBudgetBurn: 5 % of requests fail",
        "https://grafana.example.gov/d/1",
        "Alertmanager (receiver hms-freeze)",
        null,
      ],
    );
    await alertmanager.alert(FREEZES, annotations, "ends");
    assert.equal(await until(false), undefined);
  });

  it("is raised once for two alerts that differ, each of which has to end", async () => {
    const other = { ...FREEZES, alertname: "Latency" };
    await alertmanager.alert({ alertname: "Unrelated" }, {}, "fires");
    await alertmanager.alert(FREEZES, {}, "fires");
    await alertmanager.alert(other, {}, "fires");
    await until(true);
    const giveUp = Date.now() + 30_000;
    while ((await look())?.others !== 1) assert.ok(Date.now() < giveUp, "the second alert did not come");
    await alertmanager.alert(FREEZES, {}, "ends");
    while ((await look())?.others !== 0) assert.ok(Date.now() < giveUp, "the first alert did not end");
    assert.equal((await look())?.reason, "Latency");
    await alertmanager.alert(other, {}, "ends");
    await until(false);
  });
});
