// Orchestrations on Restate: a service of these handlers, and the server that calls it.
//
// `node peer.mjs FOLDER`, with the server's data in FOLDER. Says `service PORT` and then whatever the server says.
// Ends, with the server, when its standard input does: so neither outlives whoever started them.

import { spawn } from "node:child_process";
import http2 from "node:http2";
import { createRequire } from "node:module";
import * as restate from "@restatedev/restate-sdk";

const { RestatePromise } = restate;

// The SDK takes this from Node 22, and needs nothing else of it.
Promise.withResolvers ??= () => {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
};

const echo = restate.service({
  name: "echo",
  handlers: { echo: async (_ctx, number) => number },
});

// What an activity is: a closure of the orchestration's own process, or a call of another service.
const inline = (ctx, number) => ctx.run("echo", () => number);
const called = (ctx, number) => ctx.serviceClient(echo).echo(number);

const orchestrations = (name, activity) =>
  restate.service({
    name,
    handlers: {
      fan_out: async (ctx, activities) => {
        const results = await RestatePromise.all(Array.from({ length: activities }, (_, number) => activity(ctx, number)));
        return results.length;
      },
      sequence: async (ctx, activities) => {
        let done = 0;
        while (done < activities) {
          done = (await activity(ctx, done)) + 1;
        }
        return done;
      },
    },
  });

const services = [echo, orchestrations("inline", inline), orchestrations("called", called)];
const endpoint = http2.createServer(restate.createEndpointHandler({ services }));

endpoint.listen(0, "127.0.0.1", () => {
  console.log(`service ${endpoint.address().port}`);
  const from = createRequire(createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json"));
  const program = from.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
  const place = ["--base-dir", process.argv[2], "--node-name", "bench", "--bind-ip", "127.0.0.1"];
  const server = spawn(program, ["--no-logo", "--listen-mode", "tcp", "--use-random-ports", "true", ...place], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  let ending = false;
  const end = () => {
    ending = true;
    server.kill("SIGKILL");
  };
  server.on("exit", (code, signal) => {
    if (!ending) {
      console.error(`the server ended with ${code ?? signal}`);
    }
    process.exit(ending ? 0 : 1);
  });
  process.stdin.on("end", end).on("error", end).resume();
});
