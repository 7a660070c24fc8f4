import { homedir } from 'node:os';
import { join } from 'node:path';
import { usageError } from '../../lib/errors.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { parsePolicy, refuseLinks } from './parse.ts';
import type { Policy } from './schema.ts';

const policyName = 'policy.json';

/** Bytes; a policy names some repositories and their keys. */
const maximumPolicyBytes = 1024 * 1024;

/**
 * The policy that holds in a work directory: its own `policy.json`, else the user's, else the system's, where podman
 * and skopeo have them.
 * @param root the work directory
 * @returns `undefined` if there is none: then everything is accepted
 * @throws CosaError `POLICY_INVALID` (exit 2)
 */
export async function findPolicy(root: string): Promise<Policy | undefined> {
  const userConfig = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  for (const directory of [root, join(userConfig, 'containers'), '/etc/containers']) {
    const path = join(directory, policyName);
    const text = await readTextIfExists(path, maximumPolicyBytes);
    if (text !== undefined) return refuseLinks(parsePolicy(text, path));
  }
  return undefined;
}

/**
 * Reads a policy file.
 * @throws CosaError `POLICY_MISSING`, `POLICY_INVALID` (exit 2)
 */
export async function readPolicy(path: string): Promise<Policy> {
  const text = await readTextIfExists(path, maximumPolicyBytes);
  if (text === undefined) throw usageError('POLICY_MISSING', `there is no policy file ${path}`);
  return refuseLinks(parsePolicy(text, path));
}
