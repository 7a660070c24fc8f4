import type { Registries, RegistryOptions } from './registries.ts';
import type { RegistryEnvironment } from './registry/environment.ts';

/** Opens no connection yet; reads the user's files when the first repository is opened. */
export function createRegistries(options: RegistryOptions, environment: RegistryEnvironment): Registries {
  let opening: Promise<Registries> | undefined;
  // Most commands ask no registry, and should not load what that takes.
  const opened = () => {
    opening ??= import('./registry/open-registries.ts').then(({ openRegistries }) =>
      openRegistries(options, environment),
    );
    return opening;
  };
  return {
    repository: async (host, repository, purpose) => (await opened()).repository(host, repository, purpose),
    ping: async (host) => (await opened()).ping(host),
    async [Symbol.asyncDispose]() {
      await (await opening)?.[Symbol.asyncDispose]();
    },
  };
}
