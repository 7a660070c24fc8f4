import { usageError } from '../../lib/errors.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Registries, RegistryOptions } from '../registries.ts';

/** Everything by which registries are reached that is not an option: variables such as `REGISTRY_AUTH_FILE`, and a log. */
export interface RegistryEnvironment {
  environment: NodeJS.ProcessEnv;
  /** Told what a user may want to know: that a request is tried again, that a mirror did not answer. */
  warn?: (message: string) => void;
  /** Takes the place of the user's own files and credential helpers: for credentials that are not kept yet. */
  credentials?: (host: string, repository: string) => Promise<Credentials | undefined>;
}

/** Opens no connection yet; reads the user's files when the first repository is opened. */
export function createRegistries(_options: RegistryOptions, _environment: RegistryEnvironment): Registries {
  return {
    repository: async (host, repository) => {
      throw usageError('TRANSPORT_UNSUPPORTED', `docker://${host}/${repository}: this version reads OCI layouts only`);
    },
    ping: async (host) => {
      throw usageError('TRANSPORT_UNSUPPORTED', `${host}: this version reads OCI layouts only`);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
