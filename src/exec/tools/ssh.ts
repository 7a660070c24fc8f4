import { run } from '../run.ts';
import type { Tool } from '../tool.ts';

const packages = { deb: 'openssh-client', rpm: 'openssh-clients' };

export const ssh: Tool = { name: 'ssh', packages, purpose: 'runs commands in a virtual machine' };

export const sshKeygen: Tool = { name: 'ssh-keygen', packages, purpose: 'makes throwaway keys for virtual machines' };

/** Writes a new key without passphrase to `path`, and its public half to `path.pub`. */
export async function generateSshKey(path: string): Promise<void> {
  await run(sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'cosa', '-f', path]);
}
