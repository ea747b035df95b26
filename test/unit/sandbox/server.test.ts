import assert from "node:assert/strict";
import { readServer, secretPlace } from "../../../provider/sandbox/server";

const NAME = "hms-sandboxes/sandbox-server-admin";
const WHOLE = { host: "127.0.0.1", port: "30433", user: "postgres", password: "pass:word" };
const encoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
const CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

describe("the sandboxes' server", () => {
  it("is what its Secret says, and pods reach it the same way unless it says another", () => {
    const address = { host: "127.0.0.1", port: 30433, user: "postgres", password: "pass:word" };
    assert.deepEqual(readServer(NAME, encoded(WHOLE)), { ...address, inCluster: { host: "127.0.0.1", port: 30433 } });
    const other = { ...WHOLE, inClusterHost: "sandbox-postgres.hms-sandboxes.svc", inClusterPort: "5432" };
    assert.deepEqual(readServer(NAME, encoded({ ...other, ca: CA })), {
      ...address,
      ssl: { ca: CA.trim() },
      inCluster: { host: "sandbox-postgres.hms-sandboxes.svc", port: 5432 },
    });
  });

  it("ignores the line end that an editor puts behind a value", () => {
    const { password, port } = readServer(NAME, encoded({ ...WHOLE, password: "pass:word\n", port: "30433\n" }));
    assert.deepEqual([password, port], ["pass:word", 30433]);
  });

  it("names all that is wrong with its Secret at once, and no value of it", () => {
    const wrong = { host: "hunter2@db", port: "hunter2", inClusterPort: "70000", password: "", ca: "hunter2" };
    assert.throws(
      () => readServer(NAME, encoded(wrong)),
      (error: Error) => {
        assert.equal(
          error.message,
          "the Secret hms-sandboxes/sandbox-server-admin: host is neither a host name nor an address; port is not a port from 1 to 65535; " +
            "inClusterHost is neither a host name nor an address; inClusterPort is not a port from 1 to 65535; has no key user; " +
            "password is empty; ca is not a certificate in PEM; see docs/snapshots.md",
        );
        return !error.message.includes("hunter2");
      },
    );
    assert.throws(() => readServer(NAME, undefined), /has no key host; has no key port;/);
  });

  it("is named by namespace and Secret", () => {
    assert.deepEqual(secretPlace("a/b.c"), { namespace: "a", name: "b.c" });
    for (const name of ["", "b", "a/b/c", "A/b", "a/B", "a/", "/b", " a/b"])
      assert.throws(() => secretPlace(name), /allowed is <namespace>\/<name of a Secret>/, name);
  });
});
