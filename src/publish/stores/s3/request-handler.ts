import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Exchange, HttpRequest, StreamedBody } from '../../../http/exchange.ts';

/** What the SDK sends requests with. */
type RequestHandler = S3Client['config']['requestHandler'];

/** A request of the SDK. */
interface SdkRequest {
  method: string;
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query: Readonly<Record<string, string | readonly string[] | null>>;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** Of all answers but objects: a page of a list has a thousand keys. */
const longestAnswer = 16 * 1024 * 1024;

/** Of what is sent at once, in bytes. */
const pieceSize = 256 * 1024;

/**
 * Has the SDK talk through our own HTTP client: with its proxies, certificates, timeouts, log, and end on a signal.
 * @param seen told each session token that is sent
 */
export function requestHandler(send: Exchange, seen: (secret: string) => void): RequestHandler {
  return {
    async handle(request: SdkRequest, options: { abortSignal?: unknown } = {}) {
      const headers = Object.fromEntries(
        // The body is sent at once, without waiting for leave.
        Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== 'expect'),
      );
      const token = headers['x-amz-security-token'];
      if (token !== undefined) seen(token);
      const answer = await send({
        method: request.method as HttpRequest['method'],
        url: addressOf(request),
        headers,
        body: bodyOf(request),
        signal: options.abortSignal as AbortSignal | undefined,
      });
      const isObject = request.query['x-id'] === 'GetObject' && answer.status < 300;
      const body = isObject ? Readable.from(answer.body, { objectMode: false }) : await wholeBody(answer);
      return { response: { statusCode: answer.status, headers: { ...answer.headers }, body } };
    },
    metadata: { handlerProtocol: 'http/1.1' },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

/** A stream: only of those does the SDK look for errors behind a status that says that all is well. */
async function wholeBody(answer: Awaited<ReturnType<Exchange>>): Promise<Readable> {
  const bytes = await answer.bytes(longestAnswer);
  return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
}

function addressOf({ protocol, hostname, port, path, query }: SdkRequest): URL {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one) => `${escaped(name)}=${escaped(one)}`),
  );
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  const search = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  return new URL(`${protocol}//${authority}${path}${search}`);
}

/** As signatures count it: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Large ones piece by piece: as long as pieces go, however slowly, nobody takes the server for dead. */
function bodyOf({ body }: SdkRequest): Uint8Array | StreamedBody | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  if (!(body instanceof Uint8Array)) throw new Error('bodies of requests are held in memory');
  return body.length <= pieceSize ? body : { size: body.length, open: () => piecesOf(body) };
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceSize) yield bytes.subarray(start, start + pieceSize);
}
