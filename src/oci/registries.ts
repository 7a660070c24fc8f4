import type { Digest } from '../lib/digest.ts';
import type { ContentStore } from './store.ts';

/** How registries are to be reached, as far as the user's own files do not say. */
export interface RegistryOptions {
  /** The only file that credentials are read from and written to: `auth.json`, or Docker's `config.json`. */
  authFile?: string | undefined;
  /** Directory with a subdirectory for each host, as in containers-certs.d(5); before the system's. */
  certificateDirectory?: string | undefined;
  /** Hosts that may be asked without TLS, as they stand in references: `registry.test:5000`. */
  plainHttp?: readonly string[] | undefined;
}

/** A registry's repository as a place for images. */
export interface Repository extends ContentStore {
  /**
   * Removes a manifest, and with it every tag that points to it.
   * @throws CosaError `DELETE_UNSUPPORTED` (exit 1)
   */
  deleteManifest(digest: Digest): Promise<void>;
  /**
   * Removes a tag; some registries then remove what it pointed to as well. No error if it is not there.
   * @throws CosaError `DELETE_UNSUPPORTED` (exit 1)
   */
  deleteTag(tag: string): Promise<void>;
}

/** All registries, as one command sees them: connections, tokens and credentials are shared. */
export interface Registries extends AsyncDisposable {
  /**
   * Opens a repository; asks the registry nothing yet.
   * @param purpose `writing` where what is read decides what is written: then no mirror is asked
   * @throws CosaError `REGISTRIES_CONF_INVALID` (exit 2), `REGISTRY_BLOCKED` (exit 1)
   */
  repository(host: string, repository: string, purpose?: 'reading' | 'writing'): Promise<Repository>;
  /**
   * Asks a registry whether it lets us in at all, with the credentials that there are: what `login` checks.
   * @throws CosaError `REGISTRY_UNAUTHORIZED` and all that a first request may fail with (exit 1)
   */
  ping(host: string): Promise<void>;
}
