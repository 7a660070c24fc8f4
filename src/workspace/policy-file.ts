import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { nearestHint, validate } from '../config/validate.ts';
import { parseYaml, type YamlFile } from '../config/yaml.ts';
import { CosaError, type SourcePosition, usageError } from '../lib/errors.ts';
import { readText, readTextIfExists } from '../lib/text-file.ts';
import { policyTransports, scopeSyntaxOf } from '../oci/policy/scope-syntaxes.ts';
import { readSigningKey, readVerificationKey, type SigningKey, type VerificationKey } from '../oci/signatures/keys.ts';
import { type Policy, policySchema, type SignedRequirement } from '../oci/signatures/policy.ts';

/** A policy and the file that it is from. */
export interface PolicyFile extends Policy {
  path: string;
}

const policyName = 'policy.json';

/** Bytes; a policy names some repositories and their keys. */
const maximumPolicyBytes = 1024 * 1024;

/** Bytes; a key is some kilobytes. */
const maximumKeyBytes = 64 * 1024;

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
    const text = await readTextIfExists(path, maximumPolicyBytes);
    if (text !== undefined) return withRealPaths(parsePolicy(text, path));
  }
  return undefined;
}

/**
 * Reads a policy file.
 * @throws CosaError `POLICY_MISSING`, `POLICY_INVALID` (exit 2)
 */
export async function readPolicy(path: string): Promise<PolicyFile> {
  const text = await readTextIfExists(path, maximumPolicyBytes);
  if (text === undefined) throw usageError('POLICY_MISSING', `there is no policy file ${path}`);
  return withRealPaths(parsePolicy(text, path));
}

/**
 * Parses a policy. Keys that stand twice or are unknown are errors, and so are scopes that no image falls into: a policy
 * that is half understood protects nothing.
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
    const file = parseYaml(text, path);
    const policy = validate(policySchema, file);
    refuseUnmatchable(policy, file);
    return { ...policy, path };
  } catch (error) {
    if (!(error instanceof CosaError) || error.code === 'POLICY_INVALID') throw error;
    const { where, hint, message } = error;
    throw unusable(message, where, hint, error);
  }
}

function refuseUnmatchable({ transports }: Policy, file: YamlFile): void {
  for (const [transport, scopes] of Object.entries(transports)) {
    const syntax = scopeSyntaxOf(transport);
    if (syntax === undefined) {
      const where = file.keyPosition(['transports', transport]);
      const hint = nearestHint(transport, policyTransports());
      throw unusable(`nobody knows the transport "${transport}"`, where, hint);
    }
    for (const scope of Object.keys(scopes)) {
      const reason = scope === '' ? undefined : syntax.unmatchableReason(scope);
      if (reason === undefined) continue;
      throw unusable(scopeMessage(transport, scope, reason), file.keyPosition(['transports', transport, scope]));
    }
  }
}

/**
 * A scope that leads through a link would never match: layouts and archives are known by their real path.
 * @throws CosaError `POLICY_INVALID` (exit 2)
 */
async function withRealPaths(policy: PolicyFile): Promise<PolicyFile> {
  for (const [transport, scopes] of Object.entries(policy.transports)) {
    const syntax = scopeSyntaxOf(transport);
    for (const scope of Object.keys(scopes)) {
      const real = scope === '' ? scope : ((await syntax?.realScope?.(scope)) ?? scope);
      if (real === scope) continue;
      throw unusable(scopeMessage(transport, scope, `leads through a link: write ${real}`), { file: policy.path });
    }
  }
  return policy;
}

function scopeMessage(transport: string, scope: string, reason: string): string {
  return `no image falls into the scope "${scope}" of ${transport}: it ${reason}`;
}

function unusable(message: string, where?: SourcePosition, hint?: string, cause?: unknown): CosaError {
  return usageError('POLICY_INVALID', `the policy cannot be used: ${message}`, {
    ...(where === undefined ? {} : { where }),
    hint: hint ?? 'see containers-policy.json(5)',
    ...(cause === undefined ? {} : { cause }),
  });
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
 * Reads a private key from a file.
 * @param directory where a relative path starts
 * @param passphrase asked only if the key is encrypted
 * @throws CosaError `KEY_MISSING`, and what `readSigningKey` throws (exit 2)
 */
export async function readSigningKeyFile(
  directory: string,
  { key, passphrase }: { key: string; passphrase: () => Promise<string> },
): Promise<SigningKey> {
  const path = resolve(directory, key);
  return readSigningKey(await readKeyText(path), path, passphrase);
}

/**
 * The text of a key's file.
 * @throws CosaError `KEY_MISSING`, as {@link readText} (exit 2)
 */
async function readKeyText(path: string): Promise<string> {
  try {
    return await readText(path, maximumKeyBytes);
  } catch (cause) {
    if (cause instanceof CosaError) throw cause;
    throw usageError('KEY_MISSING', `the key ${path} cannot be read`, { cause });
  }
}
