import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { validate } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { readTextIfExists } from '../lib/files.ts';
import { readVerificationKey, type VerificationKey } from '../oci/signatures/keys.ts';
import { type Policy, policySchema, type SignedRequirement } from '../oci/signatures/policy.ts';

/** A policy and the file that it is from. */
export interface PolicyFile extends Policy {
  path: string;
}

const policyName = 'policy.json';

/**
 * The policy that holds in a work directory: its own `policy.json`, else the user's, else the system's, where podman
 * and skopeo have them.
 * @param root the work directory
 * @returns `undefined` if there is none: then everything is accepted
 * @throws CosaError `POLICY_INVALID` (exit 2)
 */
export async function findPolicy(root: string): Promise<PolicyFile | undefined> {
  const userConfig = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
  for (const directory of [root, join(userConfig, 'containers'), '/etc/containers']) {
    const path = join(directory, policyName);
    const text = await readTextIfExists(path);
    if (text !== undefined) return parsePolicy(text, path);
  }
  return undefined;
}

/**
 * Reads a policy file.
 * @throws CosaError `POLICY_MISSING`, `POLICY_INVALID` (exit 2)
 */
export async function readPolicy(path: string): Promise<PolicyFile> {
  const text = await readTextIfExists(path);
  if (text === undefined) throw usageError('POLICY_MISSING', `there is no policy file ${path}`);
  return parsePolicy(text, path);
}

/**
 * Parses a policy. Keys that stand twice or are unknown are errors: a policy that is half understood protects nothing.
 * @throws CosaError `POLICY_INVALID` (exit 2) with the position
 */
export function parsePolicy(text: string, path: string): PolicyFile {
  try {
    JSON.parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw usageError('POLICY_INVALID', `the policy is not JSON: ${message}`, { where: { file: path }, cause });
  }
  try {
    // JSON is YAML too, and the YAML parser knows positions and doubled keys.
    return { ...validate(policySchema, parseYaml(text, path)), path };
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    const { where, hint, message } = error;
    throw usageError('POLICY_INVALID', `the policy cannot be used: ${message}`, {
      ...(where === undefined ? {} : { where }),
      hint: hint ?? 'see containers-policy.json(5)',
      cause: error,
    });
  }
}

/**
 * Reads the keys that a requirement names. A relative path starts at the policy's directory.
 * @throws CosaError `KEY_MISSING`, `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export async function policyKeys(policy: PolicyFile, requirement: SignedRequirement): Promise<VerificationKey[]> {
  return Promise.all(
    requirement.keys.map(async (source) =>
      'pem' in source
        ? readVerificationKey(source.pem, `in ${policy.path}`)
        : readKeyFile(resolve(dirname(policy.path), source.path)),
    ),
  );
}

/**
 * Reads a public key from a file.
 * @throws CosaError `KEY_MISSING`, `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export async function readKeyFile(path: string): Promise<VerificationKey> {
  return readVerificationKey(await readKeyText(path), path);
}

/**
 * The text of a key's file.
 * @throws CosaError `KEY_MISSING` (exit 2)
 */
export async function readKeyText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw usageError('KEY_MISSING', `the key ${path} cannot be read`, { cause });
  }
}
