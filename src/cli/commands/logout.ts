import { logOut, logOutOfAll } from '../../flows/registry/login.ts';
import { usageError } from '../../lib/errors.ts';
import { defineCommand } from '../command.ts';

export const logout = defineCommand({
  description:
    'Forgets the user name and password of a registry, or with --all of every registry, where "cosa login" keeps them. If others that ' +
    "were kept elsewhere still count, such as Docker's, it says where they are.",
  configure: (command) =>
    command.argument('[host]', 'the registry, as in references: HOST or HOST:PORT').option('--all', 'every registry'),
  examples: [
    { run: 'cosa logout registry.example.com', does: 'Forget one registry' },
    { run: 'cosa logout --all', does: 'Forget all of them' },
  ],
  registries: true,
  run: async (context, [host], options) => {
    const keeping = { options: context.registryOptions, environment: context.environment };
    if ((host === undefined) !== (options.all === true)) {
      throw usageError('COMMAND_LINE', 'logout takes either a host or --all', { hint: 'see cosa logout --help' });
    }
    if (host === undefined) {
      const hosts = await logOutOfAll(context, keeping);
      const text = hosts.length === 0 ? 'nothing was kept' : `forgotten: ${hosts.join(', ')}`;
      return { text, json: { removed: hosts } };
    }
    const { removed, remaining } = await logOut(context, host, keeping);
    const done = removed ? `${host}: forgotten` : `${host}: nothing was kept`;
    const text = remaining === undefined ? done : `${done}; those in ${remaining} still count`;
    return { text, json: { removed: removed ? [host] : [], remaining: remaining ?? null } };
  },
});
