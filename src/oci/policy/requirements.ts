import { dirname, resolve } from 'node:path';
import { readKeyFile } from '../signatures/key-files.ts';
import { readVerificationKey, type VerificationKey } from '../signatures/keys.ts';
import type { Policy, Requirement, SignedRequirement } from './schema.ts';

/** The requirements for an image, and where they stand in the policy, for messages. */
export interface ApplicableRequirements {
  requirements: readonly Requirement[];
  /** `transports.docker."registry.example.com/os"`, `default`. */
  section: string;
}

/**
 * The requirements of the most specific scope that there is; only these count.
 * @param transport `docker`, `oci`, `oci-archive`
 * @param scopes the most specific first
 */
export function requirementsFor(policy: Policy, transport: string, scopes: readonly string[]): ApplicableRequirements {
  const ofTransport = Object.hasOwn(policy.transports, transport) ? policy.transports[transport] : undefined;
  for (const scope of [...scopes, '']) {
    const found = ofTransport !== undefined && Object.hasOwn(ofTransport, scope) ? ofTransport[scope] : undefined;
    if (found !== undefined) return { requirements: found, section: `transports.${transport}."${scope}"` };
  }
  return { requirements: policy.default, section: 'default' };
}

/**
 * Reads the keys that a requirement names. A relative path starts at the policy's directory.
 * @throws CosaError `KEY_MISSING`, `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export async function requirementKeys(policy: Policy, requirement: SignedRequirement): Promise<VerificationKey[]> {
  return Promise.all(
    requirement.keys.map(async (source) =>
      'pem' in source
        ? readVerificationKey(source.pem, `in ${policy.path}`)
        : readKeyFile(resolve(dirname(policy.path), source.path)),
    ),
  );
}
