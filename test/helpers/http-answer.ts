import type { HttpResponse } from '../../src/http/exchange.ts';

/** An answer that no server has given: for layers that are tested alone. */
export function httpAnswer(
  url: URL,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: readonly string[] = [],
): HttpResponse & { isDiscarded: () => boolean } {
  let isDiscarded = false;
  return {
    status,
    url,
    header: (name) => headers[name],
    headers,
    body: (async function* () {
      for (const chunk of body) yield Buffer.from(chunk);
    })(),
    bytes: async () => Buffer.from(body.join('')),
    discard: async () => {
      isDiscarded = true;
    },
    isDiscarded: () => isDiscarded,
  };
}
