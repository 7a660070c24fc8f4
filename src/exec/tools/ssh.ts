import { run } from '../run.ts';
import { tools } from '../tools.ts';

/** Writes a new key without passphrase to `path`, and its public half to `path.pub`. */
export async function generateSshKey(path: string): Promise<void> {
  await run(tools.sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'cosa', '-f', path]);
}
