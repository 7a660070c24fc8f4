import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

/** A server that answers what a test says, and keeps what it was asked. */
export interface HttpServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  host: string;
  requests: { method: string; url: string; headers: IncomingHttpHeaders }[];
}

export async function startHttpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  tls?: Certificate,
): Promise<HttpServer> {
  const requests: HttpServer['requests'] = [];
  const kept = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, headers });
    listener(request, response);
  };
  const server =
    tls === undefined ? createServer(kept) : createTlsServer({ key: tls.key, cert: tls.certificate }, kept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The same answer to everything, but for the ping, which lets everybody in. */
export function answering(status: number, headers: Readonly<Record<string, string>> = {}, body = '') {
  return ({ url }: IncomingMessage, response: ServerResponse): void => {
    if (url === '/v2/') response.end();
    else response.writeHead(status, headers).end(body);
  };
}
