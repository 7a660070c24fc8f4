import { formatBytes, formatDuration } from '../lib/format.ts';
import type { Exchange, HttpRequest, HttpResponse } from './exchange.ts';
import type { Secrets } from './secrets.ts';
import { serverText } from './server-text.ts';

/** Where the log goes, and what must not stand in it. */
export interface LogContext {
  /** Told one line for each request. It may hold a server's words: whoever shows it escapes it. */
  log: (line: string) => void;
  secrets: Secrets;
  /** Milliseconds that pass evenly. */
  now: () => number;
}

/**
 * The layer that tells of each request once its answer has been read, or will not be: method, address, status, bytes of
 * the body that was sent, or else received, and time. It lies directly above the wire, so that redirects, requests for
 * tokens and further attempts have lines of their own. Headers are not shown; of addresses see {@link loggedAddress}.
 */
export function withLog(next: Exchange, { log, secrets, now }: LogContext): Exchange {
  return async (request) => {
    const begin = now();
    const what = `${request.method} ${serverText(loggedAddress(request.url), secrets.hideKnown)}`;
    const failed = (error: unknown) => {
      const reason = serverText(error instanceof Error ? error.message : String(error), secrets.hide);
      return `failed: ${reason}`;
    };
    const tell = (outcome: string) => log(`${what} ${outcome}, ${formatDuration(now() - begin)}`);
    try {
      const answer = await next(request);
      return logged(answer, (bytes, error) => {
        const sent = sentBytes(request);
        const amount = sent > 0 ? `${formatBytes(sent)} sent` : formatBytes(bytes);
        tell(error === undefined ? `${answer.status}, ${amount}` : `${answer.status}, ${amount}, ${failed(error)}`);
      });
    } catch (error) {
      tell(failed(error));
      throw error;
    }
  };
}

function sentBytes({ body }: HttpRequest): number {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.length : body.size;
}

/** Calls `done` once, with how much of the body was read. */
function logged(answer: HttpResponse, done: (bytes: number, error?: unknown) => void): HttpResponse {
  let isDone = false;
  const once: typeof done = (bytes, error) => {
    if (!isDone) done(bytes, error);
    isDone = true;
  };
  return {
    ...answer,
    body: counted(answer.body, once),
    bytes: async (maximum) => {
      try {
        const bytes = await answer.bytes(maximum);
        once(bytes.length);
        return bytes;
      } catch (error) {
        once(0, error);
        throw error;
      }
    },
    discard: async () => {
      await answer.discard();
      once(0);
    },
  };
}

async function* counted(
  body: AsyncIterable<Buffer>,
  done: (bytes: number, error?: unknown) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    done(bytes, error);
    throw error;
  } finally {
    done(bytes);
  }
}

/** Parameters that say what is asked for, and never who asks: those of registries, their token services and object stores. */
const harmless = new Set([
  ...['n', 'last', 'mount', 'from', 'digest', 'artifactType', 'service', 'scope'],
  ...['x-id', 'list-type', 'prefix', 'uploads', 'partNumber'],
]);

/**
 * An address as it may stand in a log: without user, password and fragment. Of the query, values stay that are known to
 * be harmless; any other may be a token or a signature, and becomes `***`.
 */
export function loggedAddress(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  shown.search = '';
  if (url.search.length < 2) return shown.href;
  const parameters = url.search.slice(1).split('&').map(loggedParameter);
  return `${shown.href}?${parameters.join('&')}`;
}

function loggedParameter(parameter: string): string {
  const name = /^([\w.-]{1,40})=/.exec(parameter)?.[1];
  if (name === undefined) return '***';
  return harmless.has(name) ? parameter : `${name}=***`;
}
