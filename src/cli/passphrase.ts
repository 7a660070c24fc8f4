import { usageError } from '../lib/errors.ts';
import type { Context } from './context.ts';

/** The variable that cosign takes it from too. Never an argument: others could see it. */
const variable = 'COSIGN_PASSWORD';

/** The passphrase of a private key: from $COSIGN_PASSWORD, or asked for on a terminal. */
export async function readPassphrase({ environment, input }: Context, question: string): Promise<string> {
  const given = environment[variable];
  if (given !== undefined) return given;
  if (input.isTerminal) return input.askSecret(question);
  throw usageError('KEY_PASSPHRASE', 'the passphrase of the key is not given, and nobody can be asked', {
    hint: `set $${variable}`,
  });
}

/**
 * As {@link readPassphrase}, for a new key: what is typed is asked for twice.
 * @throws CosaError `KEY_PASSPHRASE` (exit 2)
 */
export async function choosePassphrase(context: Context): Promise<string> {
  const first = await readPassphrase(context, 'Passphrase of the new key: ');
  if (context.environment[variable] !== undefined) return first;
  const second = await context.input.askSecret('The same again: ');
  if (first === second) return first;
  throw usageError('KEY_PASSPHRASE', 'the two passphrases are not the same', { hint: 'run the command again' });
}
