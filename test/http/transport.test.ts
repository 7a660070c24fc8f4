import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createConnections } from '../../src/http/connections.ts';
import { createTransport } from '../../src/http/transport.ts';
import { startHttpServer } from '../helpers/http-server.ts';

test('an answer to HEAD that nobody reads leaves its connection to the next request, however long the body would be', async () => {
  const sockets = new Set<Socket>();
  await using server = await startHttpServer(({ socket }, response) => {
    sockets.add(socket);
    response.writeHead(200, { 'content-length': 1024 ** 3 }).end();
  });
  await using connections = createConnections({
    certificates: async () => ({}),
    proxies: { http: '', https: '', none: '' },
    timeouts: { connect: 15_000, idle: 15_000 },
  });
  const send = createTransport(connections, { kind: 'registry', host: server.host, codes: 'REGISTRY' });
  for (let times = 0; times < 3; times += 1) {
    const answer = await send({ method: 'HEAD', url: new URL(`http://${server.host}/`) });
    await answer.discard();
  }
  expect(server.requests).toHaveLength(3);
  expect(sockets.size).toBe(1);
});
