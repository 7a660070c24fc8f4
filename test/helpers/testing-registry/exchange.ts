import type { IncomingMessage } from 'node:http';
import type { LoggedRequest } from './log.ts';

/** One request as the handlers see it. */
export interface Exchange {
  method: string;
  url: URL;
  header(name: string): string | undefined;
  /** The request's body; counted in the log as it is read. */
  body: AsyncIterable<Buffer>;
}

/** A request's body in memory, for what must be small. */
export async function readAll(exchange: Exchange, maximum: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of exchange.body) {
    size += chunk.length;
    if (size <= maximum) chunks.push(chunk);
  }
  return size <= maximum ? Buffer.concat(chunks) : undefined;
}

export function exchangeOf(
  request: IncomingMessage,
  url: URL,
  logged: LoggedRequest,
  options: { ignoreRange: boolean; resetAfter: number | undefined },
): Exchange {
  return {
    method: request.method ?? 'GET',
    url,
    header: (name) => {
      const value = request.headers[name.toLowerCase()];
      if (options.ignoreRange && name.toLowerCase() === 'range') return undefined;
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: countedBody(request, logged, options.resetAfter),
  };
}

/** Thrown where a fault has reset the connection: nobody is there to be answered. */
export const connectionReset = new Error('the testing registry reset the connection');

async function* countedBody(
  request: IncomingMessage,
  logged: LoggedRequest,
  resetAfter = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  // Left early, the request must stay as it is: its connection is still to be reset.
  const chunks: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    const taken = chunk.subarray(0, Math.max(0, resetAfter - logged.received));
    logged.received += taken.length;
    if (taken.length > 0) yield taken;
    if (logged.received >= resetAfter) throw connectionReset;
  }
  if (resetAfter < Number.POSITIVE_INFINITY) throw connectionReset;
}
