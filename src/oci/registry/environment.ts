import type { Timeouts } from '../../http/connections.ts';
import type { Wait } from '../../http/retry.ts';
import type { Credentials } from '../credentials.ts';

/** Everything by which registries are reached that is not an option: variables such as `REGISTRY_AUTH_FILE`, and a log. */
export interface RegistryEnvironment {
  environment: NodeJS.ProcessEnv;
  /** Told what a user may want to know: that a request is tried again, that a mirror did not answer. */
  warn?: (message: string) => void;
  /** Told of each request in one line, without secrets. Nothing is written for it unless there is somebody to read it. */
  log?: ((line: string) => void) | undefined;
  /** Takes the place of the user's own files and credential helpers: for credentials that are not kept yet. */
  credentials?: (host: string, repository: string) => Promise<Credentials | undefined>;
  /** Waits before another attempt; throws the signal's reason when that is aborted. Tests need not wait. */
  wait?: Wait;
  /** When a connection counts as dead. */
  timeouts?: Timeouts;
}
