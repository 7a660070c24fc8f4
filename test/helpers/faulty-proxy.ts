import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import { startHttpServer } from './http-server.ts';

/** What goes wrong with a request: before it is read, within its body, after it took effect, within its answer; or the answer. */
export type Fault =
  | 'reset before'
  | 'reset within the request'
  | 'reset after'
  | 'reset within the answer'
  | 'another etag'
  | { status: number; code: string; headers?: Readonly<Record<string, string>>; inBody?: string };

interface Injected {
  /** Of method and address: `PUT /bucket/key?partNumber=1`. */
  match: RegExp;
  fault: Fault;
  /** How many requests it befalls. */
  times: number;
}

/** A server before an object store, through which requests go, and sometimes do not. */
export interface FaultyProxy extends AsyncDisposable {
  endpoint: string;
  /** Method and address of each request. */
  readonly log: string[];
  inject(...faults: readonly Injected[]): void;
  /** Forgets faults and the log. */
  reset(): void;
  /** Called before each request goes on. */
  onRequest: (line: string) => void;
}

/** @param target `http://127.0.0.1:PORT` */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const log: string[] = [];
  let faults: Injected[] = [];
  const proxy = await startHttpServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    log.push(line);
    const injected = faults.find(({ match, times }) => times > 0 && match.test(line));
    if (injected !== undefined) injected.times -= 1;
    self.onRequest(line);
    pass(target, request, response, injected?.fault).catch(() => response.destroy());
  });
  const self: FaultyProxy = {
    endpoint: `http://${proxy.host}`,
    log,
    inject: (...more) => {
      faults.push(...more);
    },
    reset: () => {
      faults = [];
      log.length = 0;
      self.onRequest = () => undefined;
    },
    onRequest: () => undefined,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
  return self;
}

async function pass(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'reset before') return void request.socket.resetAndDestroy();
  if (fault === 'reset within the request') {
    // Of one without a body, that is the same.
    if (Number(request.headers['content-length'] ?? 0) > 0) await once(request, 'data');
    return void request.socket.resetAndDestroy();
  }
  const body = Buffer.concat(await request.toArray());
  if (typeof fault === 'object') {
    const text = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>of a test</Message>${fault.inBody ?? ''}</Error>`;
    response.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers });
    return void response.end(request.method === 'HEAD' ? '' : text);
  }
  const { status, headers, bytes } = await forward(target, request, body);
  if (fault === 'reset after') return void request.socket.resetAndDestroy();
  if (fault === 'another etag') {
    response.writeHead(status, { ...headers, ...(headers.etag === undefined ? {} : { etag: `"${'0'.repeat(32)}"` }) });
    return void response.end(bytes.toString('latin1').replace(/[0-9a-f]{32}-\d+/g, `${'0'.repeat(32)}-1`), 'latin1');
  }
  response.writeHead(status, headers);
  if (fault === 'reset within the answer') {
    response.flushHeaders();
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => request.socket.resetAndDestroy());
    return;
  }
  response.end(bytes);
}

async function forward(target: string, request: IncomingMessage, body: Buffer) {
  const sent = sendRequest(`${target}${request.url}`, {
    method: request.method,
    headers: { ...request.headers, connection: 'close' },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  // Swift sends the end of a body behind answers that have none.
  sent.on('error', () => undefined).end(body);
  const [answer] = await answered;
  const bytes = Buffer.concat(await answer.toArray());
  const { connection: _connection, 'transfer-encoding': _encoding, ...headers } = answer.headers;
  return { status: answer.statusCode ?? 0, headers, bytes };
}
