import { logIn } from '../../flows/registry/login.ts';
import { usageError } from '../../lib/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { line } from '../render/shown.ts';

/** More than any password or token has. */
const maximumPasswordBytes = 64 * 1024;

export const login = defineCommand({
  description:
    'Keeps a user name and a password (or access token) for a registry, once the registry has taken them. They go where ' +
    'podman and skopeo keep theirs: the file of --authfile or $REGISTRY_AUTH_FILE, else containers/auth.json in ' +
    '$XDG_RUNTIME_DIR, readable by you alone; or the credential helper that this file names for the host. A password is ' +
    'asked for, or read from stdin; on the command line others could see it.',
  configure: (command) =>
    command
      .argument('<host>', 'the registry, as in references: HOST or HOST:PORT')
      .option('-u, --username <name>', 'who you are there; asked for unless given')
      .option('--password-stdin', 'read the password from stdin'),
  examples: [
    { run: 'cosa login registry.example.com', does: 'Be asked for user name and password' },
    { run: 'cosa login registry.example.com --username ci --password-stdin', does: 'Log in from a script' },
  ],
  registries: true,
  run: async (context, [host], options) => {
    const username = options.username ?? (await askUsername(context, host));
    const password = await readPassword(
      context,
      `Password of ${username} at ${host}: `,
      options.passwordStdin === true,
    );
    const keeping = { options: context.registryOptions, environment: context.environment };
    const { keptIn, isAsked } = await logIn(context, host, { username, password }, keeping);
    return {
      text: isAsked
        ? line`${context.style.bold(host)} knows you as ${username}; kept in ${keptIn}`
        : line`${context.style.bold(host)} asks nobody who they are; kept in ${keptIn} all the same`,
      json: { host, username, keptIn, asked: isAsked },
    };
  },
});

async function askUsername({ input }: Context, host: string): Promise<string> {
  if (input.isTerminal) return input.ask(`User name at ${host}: `);
  throw usageError('LOGIN_USERNAME', `the user name at ${host} is not given, and nobody can be asked`, {
    hint: 'add --username NAME',
  });
}

async function readPassword({ input }: Context, question: string, fromStdin: boolean): Promise<string> {
  if (fromStdin) return input.readAll(maximumPasswordBytes);
  if (input.isTerminal) return input.askSecret(question);
  throw usageError('LOGIN_PASSWORD', 'the password is not given, and nobody can be asked', {
    hint: 'pipe it in, with --password-stdin',
  });
}
