import { setMaxListeners } from 'node:events';
import type { ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import { verificationError } from '../lib/errors.ts';
import type { Connections } from './connections.ts';
import type { Exchange, HttpRequest, HttpResponse, StreamedBody } from './exchange.ts';
import { networkError, timeoutFailure } from './network-errors.ts';
import type { Peer } from './peer.ts';
import { steady } from './steady.ts';
import { waitWhile } from './wait-while.ts';

/** So much of a body nobody wants is read to keep the connection, in bytes, and for so long, in milliseconds. */
const cheapToRead = { bytes: 64 * 1024, milliseconds: 2_000 };

/**
 * The lowest layer: sends a request over the wire, with Node's own client.
 * @param verify false for servers that may have any certificate
 * @throws CosaError as {@link networkError} says, `CERTIFICATE_INVALID` (exit 2)
 */
export function createTransport(
  connections: Connections,
  peer: Peer,
  verify: (url: URL) => boolean = () => true,
): Exchange {
  return async (request) => {
    const { url, signal } = request;
    signal?.throwIfAborted();
    // Many requests wait for one signal, that of the command. Node takes that for a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    const source: SourceFailure = { failed: false, error: undefined };
    try {
      const connection = await connections.to(url, verify(url));
      // Node's client reports an abortion only when it has a connection.
      const answer = await waitWhile(send(connection, request, connections.timeouts.idle, source), signal);
      return response(answer, request, connections.timeouts.idle, peer);
    } catch (error) {
      if (source.failed) throw source.error;
      signal?.throwIfAborted();
      throw networkError(error, url, peer);
    }
  };
}

/** What reading the body to be sent has thrown: not the network's fault, and not to be tried again. */
interface SourceFailure {
  failed: boolean;
  error: unknown;
}

/** Resolves with the head of the answer. */
async function send(
  connection: ClientRequestArgs,
  { method, headers, body, signal }: HttpRequest,
  idle: number,
  source: SourceFailure,
): Promise<IncomingMessage> {
  const { request } = await import(connection.protocol === 'https:' ? 'node:https' : 'node:http');
  const sent: ClientRequest = request({
    ...connection,
    method,
    headers: {
      'user-agent': 'cosa',
      'accept-encoding': 'identity',
      ...headers,
      ...lengthOf(method, body),
      ...connection.headers,
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const watch = watchdog(idle, () => sent.destroy(timeoutFailure('no answer')));
  return new Promise((resolve, reject) => {
    sent.once('socket', watch.begin);
    // Also after the head is there: what breaks then is told by the body.
    sent.on('error', (error) => {
      watch.end();
      reject(error);
    });
    sent.once('response', (answer) => {
      watch.end();
      // A server that has answered wants no more of the body.
      answer.once('close', () => {
        if (!sent.writableFinished) sent.destroy();
      });
      resolve(answer);
    });
    if (body === undefined || body instanceof Uint8Array) sent.end(body);
    else void stream(watched(body, source, watch), sent, body.release);
  });
}

/**
 * Sends pieces as fast as the connection takes them. What fails is told by the request; once that is over nothing more
 * is read.
 */
async function stream(
  pieces: AsyncIterable<Uint8Array>,
  sent: ClientRequest,
  release: StreamedBody['release'],
): Promise<void> {
  let goOn = () => {};
  sent.on('drain', () => goOn());
  sent.once('close', () => goOn());
  try {
    for await (const piece of pieces) {
      if (sent.destroyed) return;
      const ready = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const isTaken = sent.write(piece, (error) => {
        if (!(error instanceof Error)) release?.(piece);
      });
      if (!isTaken) await ready;
    }
    sent.end();
  } catch (error) {
    sent.destroy(error instanceof Error ? error : new Error('the body cannot be read', { cause: error }));
  }
}

function lengthOf(method: HttpRequest['method'], body: HttpRequest['body']): Record<string, string> {
  if (body !== undefined) return { 'content-length': String(body instanceof Uint8Array ? body.length : body.size) };
  return method === 'PUT' || method === 'POST' || method === 'PATCH' ? { 'content-length': '0' } : {};
}

/** Waits for the server, and not for the body's source. */
interface Watchdog {
  begin: () => void;
  /** @param isPaused true while the source is waited for */
  pause: (isPaused: boolean) => void;
  end: () => void;
}

function watchdog(milliseconds: number, giveUp: () => void): Watchdog {
  let timer: NodeJS.Timeout | undefined;
  let paused = false;
  let ended = false;
  return {
    begin: () => {
      if (ended) return;
      timer = setTimeout(() => (paused ? timer?.refresh() : giveUp()), milliseconds);
    },
    pause: (isPaused) => {
      paused = isPaused;
      if (!ended) timer?.refresh();
    },
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

async function* watched({ open }: StreamedBody, failure: SourceFailure, watch: Watchdog): AsyncGenerator<Uint8Array> {
  try {
    watch.pause(true);
    for await (const chunk of open()) {
      watch.pause(false);
      yield chunk;
      watch.pause(true);
    }
  } catch (error) {
    failure.failed = true;
    failure.error = error;
    throw error;
  } finally {
    watch.pause(false);
  }
}

function response(answer: IncomingMessage, request: HttpRequest, idle: number, peer: Peer): HttpResponse {
  const { url } = request;
  const headers = joinedHeaders(answer);
  const header = (name: string) => headers[name];
  // Whoever gave up a transfer reads no more, and its connection may well break then.
  answer.on('error', () => undefined);
  const body = received(answer, request, idle, peer);
  // An answer to HEAD tells how long the body would be, and has none.
  const announced = request.method === 'HEAD' ? 0 : Number(header('content-length') ?? 0);
  return {
    status: answer.statusCode ?? 0,
    header,
    headers,
    url,
    body,
    bytes: async (maximum) => {
      const bytes = await readBounded(body, maximum, announced);
      if (bytes !== undefined) return bytes;
      await discard(answer, announced);
      throw verificationError(`${peer.codes}_ANSWER_TOO_LARGE`, `${url.host} answers with more than ${maximum} bytes`, {
        hint: `nothing of that kind is so large: something is wrong with the ${peer.kind}, or a proxy before it`,
      });
    },
    discard: () => discard(answer, announced),
  };
}

function joinedHeaders({ headers }: IncomingMessage): Record<string, string> {
  // A null prototype: a server may send a header of any name.
  const joined = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

async function* received(
  answer: IncomingMessage,
  { url, signal }: HttpRequest,
  idle: number,
  peer: Peer,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* steady(answer, idle, (reason) => answer.destroy(reason));
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error, url, peer);
  }
}

/** The whole body, or `undefined` if it is too large. */
async function readBounded(
  body: AsyncIterable<Buffer>,
  maximum: number,
  announced: number,
): Promise<Buffer | undefined> {
  if (announced > maximum) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maximum) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body that breaks off while nobody wants it is nobody's problem. */
async function discard(answer: IncomingMessage, announced: number): Promise<void> {
  if (answer.readableEnded || answer.closed) return;
  if (announced > cheapToRead.bytes) {
    answer.destroy();
    return;
  }
  let left = cheapToRead.bytes;
  const timer = setTimeout(() => answer.destroy(), cheapToRead.milliseconds);
  answer.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) answer.destroy();
  });
  await new Promise<void>((resolve) => answer.once('close', resolve));
  clearTimeout(timer);
}
