import { readKeyFile } from '../signatures/key-files.ts';
import type { VerificationKey } from '../signatures/keys.ts';
import { checkSignatures } from '../signatures.ts';
import type { ContentReader } from '../store.ts';
import type { StoredTestResult } from '../test-result.ts';
import { requirementKeys } from './requirements.ts';
import type { Policy, Requirement } from './schema.ts';
import { verdictTransport } from './scope-syntaxes.ts';

/** Says why a test result does not count; `undefined` if it does. */
export type ResultJudge = (stored: StoredTestResult) => Promise<string | undefined>;

/**
 * Which test results count: those that are signed as the policy wants it, under the transport of its own that containers/image
 * leaves alone, and with each of the keys.
 * @param files with public keys
 * @throws CosaError `KEY_MISSING`, `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export async function signedResults(
  reader: ContentReader,
  policy: Policy | undefined,
  files: readonly string[],
): Promise<ResultJudge> {
  const demands: (string | readonly VerificationKey[])[] = [];
  for (const file of files) demands.push([await readKeyFile(file)]);
  if (policy !== undefined) {
    const requirements = policy.transports[verdictTransport]?.[''] ?? [];
    for (const requirement of requirements) demands.push(...(await demandOf(policy, requirement)));
  }
  return async ({ digest }) => {
    for (const demand of demands) {
      if (typeof demand === 'string') return demand;
      const { good, refused } = await checkSignatures(reader, digest, { keys: demand });
      if (good.length > 0) continue;
      const names = demand.map(({ name }) => name).join(' or ');
      return refused.length === 0 ? `is not signed, as ${names} asks for` : `has no signature made with ${names}`;
    }
    return undefined;
  };
}

/** Keys of which one must have signed, or why nothing counts. The name that a signature is for plays no part: results have none. */
async function demandOf(policy: Policy, requirement: Requirement): Promise<(string | VerificationKey[])[]> {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return [];
    case 'reject':
      return [`is refused: ${policy.path} rejects all`];
    case 'unsupported':
      return [`is refused: ${policy.path} asks for ${requirement.what}, which cosa cannot check`];
    case 'sigstoreSigned':
      return [await requirementKeys(policy, requirement)];
  }
}
