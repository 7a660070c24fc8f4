import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requirementsFor } from '../../../src/oci/policy/requirements.ts';
import type { Policy } from '../../../src/oci/policy/schema.ts';
import { scopesOfName } from '../../../src/oci/policy/scopes.ts';

describe('requirementsFor', () => {
  const accept = { type: 'insecureAcceptAnything' } as const;
  const policyOf = (scopes: readonly string[]): Policy => ({
    path: 'policy.json',
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
