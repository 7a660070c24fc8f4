import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { sshArguments, waitForSshServer } from '../../src/vm/ssh.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('waits until the greeting is that of an ssh server', async () => {
  let connections = 0;
  // As QEMU does for a guest that is not up yet: accepts, then closes or resets.
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    if (connections === 1) socket.end();
    else if (connections === 2) socket.resetAndDestroy();
    else socket.end('SSH-2.0-OpenSSH_10.0\r\n');
  });
  const port = await listen(server);
  await waitForSshServer(port, new AbortController().signal);
  expect(connections).toBe(3);
  server.close();
});

test("gives up with the signal's reason", async () => {
  const stop = new AbortController();
  const server = createServer(() => stop.abort(new Error('the guest has stopped')));
  const port = await listen(server);
  await expect(waitForSshServer(port, stop.signal)).rejects.toThrow('the guest has stopped');
  server.close();
});

test('takes nothing from the configuration of the host, and writes nothing to it', () => {
  const args = sshArguments({ user: 'core', port: 1234, key: { path: '/tmp/id', publicKey: '' } });
  expect(args.slice(0, 6)).toEqual(['-F', '/dev/null', '-i', '/tmp/id', '-p', '1234']);
  expect(args).toEqual(expect.arrayContaining(['IdentitiesOnly=yes', 'BatchMode=yes', 'UserKnownHostsFile=/dev/null']));
  expect(args.at(-1)).toBe('core@127.0.0.1');
});
