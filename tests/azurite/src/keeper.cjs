// Loaded into the emulator's process before the emulator itself (`node --require`), and ends that process when nobody
// needs it any more. Whoever needs it holds a connection to this server: the operating system closes the connection of
// a process that is killed, so there is nothing to forget, and nothing stale.
'use strict';

const net = require('node:net');

const token = process.env.KEEPER_TOKEN;
const idleMs = Number(process.env.KEEPER_IDLE_MS);
const firstMs = Number(process.env.KEEPER_FIRST_MS);

let leases = 0;
let end = setTimeout(() => process.exit(0), firstMs);

const server = net.createServer((lease) => {
  leases += 1;
  clearTimeout(end);
  lease.on('error', () => {});
  lease.on('close', () => {
    leases -= 1;
    if (leases === 0) {
      end = setTimeout(() => process.exit(0), idleMs);
    }
  });
  // Without reading, the end of the other side would go unnoticed.
  lease.resume();
  // By this answer the other side knows that it is counted, and that this is not some other server on a re-used port.
  lease.write(`${token}\n`);
});

server.listen(0, '127.0.0.1', () => console.log(`Keeper is listening at http://127.0.0.1:${server.address().port}`));
