import { posix } from 'node:path';
import { removeInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';
import type { RootfsRequest } from '../request.ts';
import { findSecrets, type Secret } from '../secrets.ts';

/** What makes a secret anew on a machine, where the package has something for it. */
const remedies: readonly { path: RegExp; package: string; hint: string }[] = [
  {
    path: /\/ssl-cert-snakeoil\.key$/,
    package: 'ssl-cert',
    hint: 'have a unit run "make-ssl-cert generate-default-snakeoil" on the first boot',
  },
  { path: /^\/etc\/bind\//, package: 'bind9', hint: 'have a unit run "rndc-confgen -a" before named.service' },
  {
    path: /^\/etc\/unbound\//,
    package: 'unbound',
    hint: 'have a unit run "unbound-control-setup" before unbound.service',
  },
  { path: /\/\.erlang\.cookie$/, package: 'rabbitmq-server', hint: 'the server makes another one when it starts' },
];

/**
 * Removes keys and other secrets that packages' scripts have made: they would be the same on all machines, known to
 * everybody who has the container, and others in each build. Runs before the overlays: a key that an overlay brings is
 * the config's business.
 */
export const forgetSecrets: RootStep = {
  title: 'forget secrets of the install',
  async run({ root, request, reporter }) {
    const owned = new Set(request.packages.flatMap(({ paths }) => paths));
    for (const secret of await findSecrets(root, owned)) {
      const remedy = remedies.find(({ path }) => path.test(secret.path));
      const maker = makerOf(secret, remedy?.package, request.packages);
      const made = `${JSON.stringify(secret.path)}, ${secret.what} that ${maker} made when it was installed,`;
      if (!secret.removable) {
        reporter.warn(
          `${made} is the same on all machines, and another one in each build`,
          'remove it in a script, and have a unit make it on the first boot',
        );
        continue;
      }
      for (const path of [secret.path, ...secret.companions]) await removeInRoot(root, path);
      reporter.warn(
        `${made} would be the same on all machines: it is removed`,
        remedy?.hint ?? 'have a unit make it on the first boot',
      );
    }
  },
};

/** The package that is known for it, or the only one with files in the same directory. */
function makerOf({ path }: Secret, known: string | undefined, packages: RootfsRequest['packages']): string {
  if (known !== undefined && packages.some(({ name }) => name === known)) return known;
  const directory = `${posix.dirname(path)}/`;
  const neighbours = packages.filter(({ paths }) => paths.some((other) => other.startsWith(directory)));
  return neighbours.length === 1 && neighbours[0] !== undefined ? neighbours[0].name : "a package's script";
}
