import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { scopesOfName, scopesOfPath } from '../../../src/oci/policy/scopes.ts';

const digest = digestOf('image');

describe('scopesOfName', () => {
  it.each([
    [
      { repository: 'registry.example.com:5000/os/example', tag: 'stable' },
      [
        'registry.example.com:5000/os/example:stable',
        'registry.example.com:5000/os/example',
        'registry.example.com:5000/os',
        'registry.example.com:5000',
        '*.example.com',
        '*.com',
      ],
    ],
    [{ repository: 'localhost/os', digest }, [`localhost/os@${digest}`, 'localhost/os', 'localhost']],
  ])('goes from the image to its domains: %j', (name, scopes) => {
    expect(scopesOfName(name)).toEqual(scopes);
  });
});

describe('scopesOfPath', () => {
  it('goes from a path to its parents, but for the root', () => {
    expect(scopesOfPath('/srv/os/oci')).toEqual(['/srv/os/oci', '/srv/os', '/srv']);
    expect(scopesOfPath('/')).toEqual([]);
  });
});
