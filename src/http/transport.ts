import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { verificationError } from '../lib/errors.ts';
import type { RegistryRequest, RegistryResponse } from '../oci/registry/client.ts';
import { networkError } from './network-errors.ts';

/** One HTTP request, as it goes over the wire. */
export interface Exchange extends Pick<RegistryRequest, 'method' | 'body' | 'signal'> {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

/** So much is read ahead, in bytes: network and reader rarely wait for each other, and memory stays flat. */
const readAhead = 256 * 1024;

/** So much of a body nobody wants is read to keep the connection. */
const cheapToRead = 64 * 1024;

/**
 * Sends one request and waits for the answer's head.
 * @param registry the host that the user named, for messages
 * @throws CosaError as {@link networkError} says; what `body.open` throws; the signal's reason
 */
export async function exchange(dispatcher: Dispatcher, sent: Exchange, registry: string): Promise<RegistryResponse> {
  const { url, method, signal } = sent;
  signal?.throwIfAborted();
  const source: SourceFailure = { failed: false, error: undefined };
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': 'cosa', 'accept-encoding': 'identity', ...sent.headers, ...lengthOf(sent) },
      body: outgoing(sent.body, source),
      signal: signal ?? null,
      highWaterMark: readAhead,
    });
    return response(answer, sent, registry);
  } catch (error) {
    if (source.failed) throw source.error;
    signal?.throwIfAborted();
    throw networkError(error, url, registry);
  }
}

/** What reading the body to be sent has thrown: not the network's fault, and not to be tried again. */
interface SourceFailure {
  failed: boolean;
  error: unknown;
}

function lengthOf({ method, body }: Exchange): Record<string, string> {
  if (body !== undefined) return { 'content-length': String(body instanceof Uint8Array ? body.length : body.size) };
  return method === 'PUT' || method === 'POST' || method === 'PATCH' ? { 'content-length': '0' } : {};
}

function outgoing(body: Exchange['body'], failure: SourceFailure): Uint8Array | Readable | null {
  if (body === undefined) return null;
  return body instanceof Uint8Array ? body : Readable.from(watched(body.open, failure));
}

async function* watched(open: () => AsyncIterable<Uint8Array>, failure: SourceFailure): AsyncGenerator<Uint8Array> {
  try {
    yield* open();
  } catch (error) {
    failure.failed = true;
    failure.error = error;
    throw error;
  }
}

function response(answer: Dispatcher.ResponseData, { url, signal }: Exchange, registry: string): RegistryResponse {
  const header = (name: string) => {
    const value = answer.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  // Whoever gave up a transfer reads no more, and its connection may well break then.
  answer.body.on('error', () => undefined);
  const body = received(answer.body, url, registry, signal);
  // A body that breaks off while nobody wants it is nobody's problem.
  const discard = async () => void (await answer.body.dump({ limit: cheapToRead }).catch(() => undefined));
  return {
    status: answer.statusCode,
    header,
    url,
    body,
    bytes: async (maximum) => {
      const bytes = await readBounded(body, maximum, Number(header('content-length') ?? 0));
      if (bytes !== undefined) return bytes;
      await discard();
      throw verificationError('REGISTRY_ANSWER_TOO_LARGE', `${url.host} answers with more than ${maximum} bytes`, {
        hint: 'nothing of that kind is so large: something is wrong with the registry, or a proxy before it',
      });
    },
    discard,
  };
}

async function* received(
  body: AsyncIterable<unknown>,
  url: URL,
  registry: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    // Bodies of undici that nobody decodes yield buffers.
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error, url, registry);
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
