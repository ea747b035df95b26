/** What every stack file says, but for its services: for tests of the reader, where nobody is asked. */
export const STACK_VALUES = {
  namespace: "hms-test",
  domain: "test.localhost",
  gateway: { name: "public", namespace: "gateway", address: "http://127.0.0.1:8080" },
  registry: "127.0.0.1:5000",
  prometheus: "http://127.0.0.1:9090",
};

/** A service that is named by its image, so that no file is read for it. */
export const WEB_BY_IMAGE = {
  image: `r/web@sha256:${"a".repeat(64)}`,
  port: 80,
  smoke: [{ name: "answers", request: { path: "/" } }],
};
