import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scopesOfName } from '../../../src/oci/policy/scopes.ts';
import { type Policy, policySchema, requirementsFor } from '../../../src/oci/signatures/policy.ts';

describe('requirementsFor', () => {
  const accept = { type: 'insecureAcceptAnything' } as const;
  const policyOf = (scopes: readonly string[]): Policy => ({
    default: [{ type: 'reject' }],
    transports: { docker: Object.fromEntries(scopes.map((scope) => [scope, [accept]])) },
  });
  const scopes = scopesOfName({ repository: 'a.example.com/os/example', tag: '1' });

  it('takes the most specific scope that there is, whatever the order in the file', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...scopes, '', 'b.example.com', '*.org']), (present) => {
        const wanted = [...scopes, ''].find((scope) => present.includes(scope));
        expect(requirementsFor(policyOf(present), 'docker', scopes)).toEqual(
          wanted === undefined
            ? { requirements: [{ type: 'reject' }], section: 'default' }
            : { requirements: [accept], section: `transports.docker."${wanted}"` },
        );
      }),
    );
  });

  it('keeps transports apart', () => {
    expect(requirementsFor(policyOf(['']), 'oci', ['/srv/oci']).section).toBe('default');
  });

  it('does not take what every object has for a scope or a transport', () => {
    expect(requirementsFor(policyOf([]), 'docker', ['constructor']).section).toBe('default');
    expect(requirementsFor(policyOf(['']), 'toString', []).section).toBe('default');
  });
});

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
