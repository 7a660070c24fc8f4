import { join } from 'node:path';
import type { RegistryOptions } from '../registries.ts';

// https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md

/** A file that may hold credentials. */
export interface AuthFileLocation {
  path: string;
  /** The old `.dockercfg` is what elsewhere stands below `auths`. */
  isLegacy: boolean;
  /** True if the user named it on the command line: then it must be there to be read. */
  isRequired: boolean;
}

/** The files that credentials are looked for in, the first to be asked first. */
export function authFileLocations(options: RegistryOptions, environment: NodeJS.ProcessEnv): AuthFileLocation[] {
  const primary: AuthFileLocation = {
    path: primaryAuthFile(options, environment),
    isLegacy: false,
    isRequired: options.authFile !== undefined,
  };
  // A file that was named is the only one.
  if (options.authFile !== undefined || variable(environment, 'REGISTRY_AUTH_FILE') !== undefined) return [primary];
  const home = variable(environment, 'HOME');
  const below = (directory: string | undefined, ...names: string[]) =>
    directory === undefined ? [] : [join(directory, ...names)];
  const configuration = variable(environment, 'XDG_CONFIG_HOME') ?? below(home, '.config')[0];
  const docker = variable(environment, 'DOCKER_CONFIG') ?? below(home, '.docker')[0];
  const others = [...below(configuration, 'containers', 'auth.json'), ...below(docker, 'config.json')];
  return [
    primary,
    ...others.map((path) => ({ path, isLegacy: false, isRequired: false })),
    ...below(home, '.dockercfg').map((path) => ({ path, isLegacy: true, isRequired: false })),
  ];
}

/** The file that `login` and `logout` write. */
export function primaryAuthFile(options: RegistryOptions, environment: NodeJS.ProcessEnv): string {
  if (options.authFile !== undefined) return options.authFile;
  const named = variable(environment, 'REGISTRY_AUTH_FILE');
  if (named !== undefined) return named;
  const session = variable(environment, 'XDG_RUNTIME_DIR');
  if (session !== undefined) return join(session, 'containers', 'auth.json');
  return join('/run/containers', userId(environment), 'auth.json');
}

/** In a user namespace root is the user outside; podman and skopeo pass the number on in the same variable. */
function userId(environment: NodeJS.ProcessEnv): string {
  return variable(environment, '_CONTAINERS_ROOTLESS_UID') ?? String(process.getuid?.() ?? 0);
}

/** A variable's value; one that is set to nothing counts as not set. */
function variable(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}
