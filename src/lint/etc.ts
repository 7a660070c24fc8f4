import type { LintedContainer } from './container.ts';

/** Where the defaults of /etc are: an ostree commit has them in /usr/etc, a container that runs in /etc. */
export function etcOf(container: LintedContainer): 'etc' | 'usr/etc' {
  return container.get('usr/etc') !== undefined && container.names('etc').length === 0 ? 'usr/etc' : 'etc';
}
