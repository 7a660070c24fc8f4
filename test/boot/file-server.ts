import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostFromGuest } from './boot-disk.ts';

export interface FileServer extends AsyncDisposable {
  /** `http://HOST:PORT`, as a guest reaches it. */
  address: string;
  /** Paths that were asked for, in order. */
  asked: readonly string[];
}

/**
 * Serves files to guests by HTTP, on a free port of the loopback interface.
 * @param files what is under each path; a text is answered as it is
 * @param busy for each path, so many answers say first that the server is not ready
 */
export async function startFileServer(
  files: Readonly<Record<string, { file: string } | { text: string }>>,
  busy = 0,
): Promise<FileServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const found = files[path];
    const times = asked.filter((before) => before === path).length;
    if (times <= busy || found === undefined) {
      response.writeHead(found === undefined ? 404 : 503).end();
    } else if ('text' in found) response.end(found.text);
    else createReadStream(found.file).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://${hostFromGuest}:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
