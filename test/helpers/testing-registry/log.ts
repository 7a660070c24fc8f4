import type { IncomingHttpHeaders } from 'node:http';

/** One request that the registry got. Its entry is there from the first byte on and grows while it is dealt with. */
export interface LoggedRequest {
  method: string;
  /** `/v2/os/example/blobs/sha256:…`, without the query. */
  path: string;
  /** `?digest=…`, or empty. */
  query: string;
  headers: IncomingHttpHeaders;
  /** What it was answered; 0 until then, and if it never was. */
  status: number;
  /** Bytes of the request's body that were taken. */
  received: number;
  /** Bytes of the answer's body that were handed to the connection. */
  sent: number;
}

/** The requests of a method, a path or both. */
export function requestsOf(
  log: readonly LoggedRequest[],
  match: { method?: string; path?: RegExp },
): readonly LoggedRequest[] {
  return log.filter(
    ({ method, path }) =>
      (match.method === undefined || match.method === method) && (match.path === undefined || match.path.test(path)),
  );
}
