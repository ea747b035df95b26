// One machine of a network that a test makes: runs in a network namespace of its own, listens and connects as it is told by
// lines of JSON, and answers each with one.
"use strict";

const dgram = require("node:dgram");
const net = require("node:net");
const readline = require("node:readline");

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const LISTEN = {
  TCP: ({ host, port }) =>
    new Promise((done, fail) => {
      const server = net.createServer((socket) => {
        socket.on("error", () => undefined);
        // Says who is asking, as the receiver sees it, and then gives back what it hears.
        socket.write(`${socket.remoteAddress}\n`);
        socket.pipe(socket);
      });
      server.on("error", fail);
      server.listen({ host, port }, () => done("listening"));
    }),
  UDP: ({ host, port }) =>
    new Promise((done, fail) => {
      const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
      socket.on("message", (text, from) => socket.send(text, from.port, from.address));
      socket.on("error", fail);
      socket.bind({ address: host, port }, () => done("listening"));
    }),
};

const CONNECT = {
  TCP: ({ host, port, timeout }) =>
    new Promise((done) => {
      const socket = net.connect({ host, port });
      const end = (answer) => {
        socket.destroy();
        done(answer);
      };
      socket.setTimeout(timeout, () => end("silence"));
      socket.on("error", (error) => end(error.code));
      socket.on("data", () => end("open"));
    }),
  UDP: ({ host, port, timeout }) =>
    new Promise((done) => {
      const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
      const timer = setTimeout(() => end("silence"), timeout);
      const end = (answer) => {
        clearTimeout(timer);
        try {
          socket.close();
        } catch {
          // It was closed by its error.
        }
        done(answer);
      };
      socket.on("error", (error) => end(error.code));
      socket.on("message", () => end("open"));
      socket.connect(port, host, (error) => (error ? end(error.code) : socket.send("x")));
    }),
};

/** Connections that stay open, by a name. */
const kept = new Map();
const KEEP = ({ name, host, port }) =>
  new Promise((done) => {
    const socket = net.connect({ host, port });
    kept.set(name, socket);
    socket.on("error", (error) => done(error.code));
    socket.once("data", () => done("open"));
  });
const TALK = ({ name, timeout }) =>
  new Promise((done) => {
    const socket = kept.get(name);
    const timer = setTimeout(() => done("silence"), timeout);
    socket.once("data", () => {
      clearTimeout(timer);
      done("open");
    });
    socket.write("x");
  });

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, does, ...order } = JSON.parse(line);
  const work = { listen: LISTEN[order.protocol], connect: CONNECT[order.protocol], keep: KEEP, talk: TALK }[does];
  work(order).then(
    (answer) => say({ id, answer }),
    (error) => say({ id, answer: error.code ?? String(error) }),
  );
});
process.stdin.on("end", () => process.exit(0));
say({ id: 0, answer: "ready" });
