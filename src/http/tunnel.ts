import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { timeoutFailure } from './network-errors.ts';
import { portOf } from './proxies.ts';

/** A proxy, and what to trust if it is spoken to with TLS. */
export interface ProxyServer {
  address: URL;
  secure: SecureContextOptions;
}

/**
 * A connection to a server through a proxy, by its method CONNECT: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 * @param to HOST:PORT
 * @param limit ends the attempt
 * @throws Error if the proxy does not answer, or refuses
 */
export async function openTunnel(
  { address: proxy, secure }: ProxyServer,
  to: string,
  limit: AbortSignal,
): Promise<Socket> {
  const { request } = await import(proxy.protocol === 'https:' ? 'node:https' : 'node:http');
  const options: ClientRequestArgs = {
    ...secure,
    method: 'CONNECT',
    ...addressOf(proxy),
    path: to,
    headers: { host: to, ...proxyAuthorization(proxy) },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const connecting = request(options);
    const giveUp = () => connecting.destroy(timeoutFailure('the proxy does not answer'));
    const settled = () => limit.removeEventListener('abort', giveUp);
    const refuse = (status: number | undefined, stream: { destroy(): void }) => {
      settled();
      stream.destroy();
      reject(new Error(`the proxy ${proxy.host} answers with status ${status}`));
    };
    limit.addEventListener('abort', giveUp);
    connecting.once('error', (error: Error) => {
      settled();
      reject(error);
    });
    connecting.once('response', (answer: IncomingMessage) => refuse(answer.statusCode, answer));
    connecting.once('connect', ({ statusCode }: IncomingMessage, socket: Socket) => {
      if (statusCode !== 200) return refuse(statusCode, socket);
      settled();
      resolve(socket);
    });
    connecting.end();
  });
}

/** What a proxy is told of who asks, where its address says so. */
export function proxyAuthorization({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

/**
 * A server's address as Node's own client wants it, with the name by which it is known in TLS: else Node takes that from
 * the header `Host`, which is not the proxy's in what a proxy is sent.
 */
export function addressOf(url: URL): { host: string; port: string; servername: string } {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: portOf(url), servername: isIP(host) === 0 ? host : '' };
}
