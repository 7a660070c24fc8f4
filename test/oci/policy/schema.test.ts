import { describe, expect, it } from 'vitest';
import { policySchema } from '../../../src/oci/policy/schema.ts';

describe('policySchema', () => {
  const requirement = (value: unknown) => policySchema.parse({ default: [value] }).default[0];
  const pem = Buffer.from('a key').toString('base64');

  it.each([
    [{ keyPath: 'a' }, [{ path: 'a' }]],
    [{ keyPaths: ['a', 'b'] }, [{ path: 'a' }, { path: 'b' }]],
    [{ keyData: pem }, [{ pem: 'a key' }]],
    [{ keyDatas: [pem] }, [{ pem: 'a key' }]],
  ])('takes keys from %j', (keys, expected) => {
    expect(requirement({ type: 'sigstoreSigned', ...keys })).toEqual({
      type: 'sigstoreSigned',
      keys: expected,
      signedIdentity: { type: 'matchRepoDigestOrExact' },
    });
  });

  it.each([
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: 'a' }, 'signedBy (GPG)'],
    [{ type: 'sigstoreSigned', fulcio: { caPath: 'a' }, rekorPublicKeyPath: 'b' }, 'sigstoreSigned with fulcio'],
    [{ type: 'sigstoreSigned', pki: { caRootsPath: 'a' } }, 'sigstoreSigned with pki'],
    [{ type: 'sigstoreSigned', keyPath: 'a', rekorPublicKeyData: 'b' }, 'sigstoreSigned with rekorPublicKeyData'],
  ])('never takes for met what it cannot check: %j', (value, what) => {
    expect(requirement(value)).toEqual({ type: 'unsupported', what });
  });
});
