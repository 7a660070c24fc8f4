import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256Hex } from '../../lib/digest.ts';
import { type CosaError, isSystemError, usageError } from '../../lib/errors.ts';
import { contentPolicy } from './pages/frame.ts';
import type { SiteDocument } from './site.ts';

/** Where a server listens. */
export interface ListenAddress {
  /** A name or an IP address, without brackets. */
  host: string;
  /** 0 for one that is free. */
  port: number;
}

export interface SiteServer extends AsyncDisposable {
  /** Where it is to be found: `http://127.0.0.1:8080/`. */
  url: string;
}

/** A file as it is sent. */
interface SentDocument {
  bytes: Buffer;
  /** With its quotation marks. */
  etag: string;
}

/** Pages that are kept as they were made. */
const mostKept = 200;

/** Enough for everybody who looks at once; more wait in the kernel's queue, or are turned away. */
const mostConnections = 256;
/** Milliseconds that a client has for its request, which has no body. */
const requestTimeout = 10_000;
const maximumHeaderSize = 16 * 1024;
const maximumUrlLength = 2048;

/** What every answer says: nothing of the page goes anywhere, and nobody puts it into a frame. */
const commonHeaders = {
  'content-security-policy': `${contentPolicy}; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * Serves a site. It only reads: GET and HEAD, no body, and a bounded number of connections. On a loopback address it answers
 * only who asks for it by such a name: a page of another site, whose name leads here, reads nothing.
 * @param documents the site's files as they are just now
 * @param failed is told of what went wrong; who asks learns only that something did
 * @throws CosaError `LISTEN_FAILED` (exit 2)
 */
export async function startSiteServer(
  { host, port }: ListenAddress,
  documents: () => Promise<ReadonlyMap<string, SiteDocument>>,
  failed: (error: unknown) => void,
): Promise<SiteServer> {
  const kept = new Map<SiteDocument, SentDocument>();
  const server = createServer({ maxHeaderSize: maximumHeaderSize, requestTimeout, headersTimeout: requestTimeout });
  server.maxConnections = mostConnections;
  server.on('request', (request, response) => {
    answer(request, response, isLoopback(host), documents, kept).catch((error: unknown) => {
      failed(error);
      refuse(response, 503, 'the page cannot be made just now', { 'retry-after': '5' });
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  await listen(server, { host, port });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}/`,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await ended;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  isPrivate: boolean,
  documents: () => Promise<ReadonlyMap<string, SiteDocument>>,
  kept: Map<SiteDocument, SentDocument>,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, 'this server is only read from', { allow: 'GET, HEAD' });
  }
  if (isPrivate && !isLoopback(hostOf(request.headers.host ?? ''))) {
    return refuse(response, 421, 'this server is called localhost');
  }
  const path = pathOf(request.url ?? '');
  const document = path === undefined ? undefined : (await documents()).get(path);
  if (document === undefined) return refuse(response, 404, 'there is no such page');
  const { bytes, etag } = sentDocument(document, kept);
  const headers = {
    ...commonHeaders,
    etag,
    'cache-control': document.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, 'content-type': document.contentType, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function refuse(
  response: ServerResponse,
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    ...commonHeaders,
    ...headers,
    'cache-control': 'no-store',
    'content-type': 'text/plain; charset=utf-8',
  });
  response.end(`${reason}\n`);
}

/** The path that a request names, below the site's root; `undefined` for what can be none. */
function pathOf(url: string): string | undefined {
  if (url.length > maximumUrlLength || !url.startsWith('/')) return undefined;
  const [path = ''] = url.slice(1).split('?');
  try {
    return path === '' ? 'index.html' : decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The name in a Host header, without the port. https://www.rfc-editor.org/rfc/rfc9110#section-7.2 */
function hostOf(header: string): string {
  const [, bracketed, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header) ?? [];
  return bracketed ?? name ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

function sentDocument(document: SiteDocument, kept: Map<SiteDocument, SentDocument>): SentDocument {
  const known = kept.get(document);
  if (known !== undefined) return known;
  const bytes = Buffer.from(document.text());
  const sent = { bytes, etag: `"${sha256Hex(bytes).slice(0, 32)}"` };
  kept.set(document, sent);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return sent;
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFailed(host, port, error);
  }
}

function listenFailed(host: string, port: number, cause: unknown): CosaError {
  const why = isSystemError(cause, 'EADDRINUSE')
    ? 'somebody else listens there'
    : isSystemError(cause, 'EACCES')
      ? 'this port is for root alone'
      : 'this machine has no such address';
  return usageError('LISTEN_FAILED', `nothing can be served at ${host}, port ${port}: ${why}`, {
    hint: 'choose another with --listen HOST:PORT; port 0 takes one that is free',
    cause,
  });
}
