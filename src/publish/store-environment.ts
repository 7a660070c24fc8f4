import type { Timeouts } from '../http/connections.ts';
import type { Wait } from '../http/retry.ts';

/** What object stores need of the process around them. */
export interface StoreEnvironment {
  /** Where credentials, proxies and certificates are named. */
  environment: NodeJS.ProcessEnv;
  /** Told of each failure that is tried again. */
  warn?: (message: string) => void;
  /** Told of each request, in one line without secrets. */
  log?: ((line: string) => void) | undefined;
  /** The usual ones unless given. */
  timeouts?: Timeouts;
  /** Waits between attempts; by the clock unless given. */
  wait?: Wait;
}

/** What a store is opened with: part of every command's session. */
export interface StoreSession {
  readonly stores: StoreEnvironment;
}

/** How a store is to be reached and written to, as far as its URL does not say. */
export interface StoreOptions {
  /** Address of a server that speaks the protocol; the service's own unless given. */
  endpoint?: string | undefined;
  region?: string | undefined;
  /** The address under which people find the objects; follows from the store unless given. */
  baseUrl?: string | undefined;
  /** Who may read what is written; what the bucket or the umask says unless given. */
  access?: 'public' | 'private' | undefined;
}
