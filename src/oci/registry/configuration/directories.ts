import { join } from 'node:path';

/** Where container tools keep their configuration, the user's own before the system's. */
export function containerDirectories(environment: NodeJS.ProcessEnv): { user: string | undefined; system: string } {
  const { XDG_CONFIG_HOME: configuration, HOME: home } = environment;
  const own = configuration || (home ? join(home, '.config') : undefined);
  return { user: own === undefined ? undefined : join(own, 'containers'), system: '/etc/containers' };
}
