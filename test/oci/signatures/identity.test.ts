import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { type IdentityRule, refuseIdentity } from '../../../src/oci/signatures/identity.ts';

const digest = digestOf('image');
const other = digestOf('other');

// The table of containers-policy.json(5), row by row.
describe('refuseIdentity', () => {
  const tagged = { repository: 'a.example/os', tag: 'stable' };
  const byDigest = { repository: 'a.example/os', digest };

  const exactReference: IdentityRule = { type: 'exactReference', dockerReference: 'b.example/os:1' };
  const exactRepository: IdentityRule = { type: 'exactRepository', dockerRepository: 'b.example/os' };
  const remap: IdentityRule = { type: 'remapIdentity', prefix: 'a.example', signedPrefix: 'b.example/mirrored' };

  it.each<[IdentityRule, typeof tagged | typeof byDigest | undefined, string]>([
    [{ type: 'matchExact' }, tagged, 'a.example/os:stable'],
    [{ type: 'matchExact' }, byDigest, `a.example/os@${digest}`],
    [{ type: 'matchRepoDigestOrExact' }, tagged, 'a.example/os:stable'],
    [{ type: 'matchRepoDigestOrExact' }, byDigest, 'a.example/os:another'],
    [{ type: 'matchRepository' }, tagged, 'a.example/os'],
    [{ type: 'matchRepository' }, tagged, 'a.example/os:another'],
    [{ type: 'matchRepository' }, byDigest, 'a.example/os'],
    [exactReference, tagged, 'b.example/os:1'],
    [exactReference, undefined, 'b.example/os:1'],
    [exactRepository, tagged, 'b.example/os'],
    [exactRepository, undefined, 'b.example/os:2'],
    [remap, tagged, 'b.example/mirrored/os:stable'],
    [remap, byDigest, 'b.example/mirrored/os:another'],
    [{ ...remap, prefix: 'a.example/os' }, tagged, 'b.example/mirrored:stable'],
    // Outside of the prefix, names stay as they are.
    [{ ...remap, prefix: 'a.exam' }, tagged, 'a.example/os:stable'],
  ])('%j of %j accepts %s', (rule, image, signed) => {
    expect(refuseIdentity(rule, image, signed)).toBeUndefined();
  });

  const nameless = (type: string) => `an image without a name was asked for, which ${type} cannot compare`;
  it.each<[IdentityRule, typeof tagged | typeof byDigest | undefined, string, string]>([
    [
      { type: 'matchExact' },
      tagged,
      'a.example/os',
      'it is for "a.example/os", not for a.example/os:stable (matchExact)',
    ],
    [
      { type: 'matchExact' },
      byDigest,
      'a.example/os:stable',
      `it is for "a.example/os:stable", not for a.example/os@${digest} (matchExact)`,
    ],
    [
      { type: 'matchRepoDigestOrExact' },
      tagged,
      'a.example/os:next',
      'it is for "a.example/os:next", not for a.example/os:stable (matchRepoDigestOrExact)',
    ],
    [
      { type: 'matchRepoDigestOrExact' },
      byDigest,
      'a.example/os',
      `it is for "a.example/os", not for a.example/os@${digest} (matchRepoDigestOrExact)`,
    ],
    [
      { type: 'matchRepository' },
      tagged,
      'b.example/os:stable',
      'it is for "b.example/os:stable", not for the repository a.example/os',
    ],
    [{ type: 'matchRepository' }, tagged, 'not a name', 'it is for "not a name", not for the repository a.example/os'],
    [
      exactReference,
      tagged,
      'a.example/os:stable',
      'it is for "a.example/os:stable", not for b.example/os:1 (exactReference)',
    ],
    [
      exactReference,
      undefined,
      `b.example/os@${other}`,
      `it is for "b.example/os@${other}", not for b.example/os:1 (exactReference)`,
    ],
    [exactRepository, undefined, 'a.example/os', 'it is for "a.example/os", not for the repository b.example/os'],
    [
      remap,
      tagged,
      'a.example/os:stable',
      'it is for "a.example/os:stable", not for b.example/mirrored/os:stable (remapIdentity)',
    ],
    [{ type: 'matchExact' }, undefined, 'a.example/os:stable', nameless('matchExact')],
    [{ type: 'matchRepoDigestOrExact' }, undefined, 'a.example/os:stable', nameless('matchRepoDigestOrExact')],
    [{ type: 'matchRepository' }, undefined, 'a.example/os:stable', nameless('matchRepository')],
    [remap, undefined, 'a.example/os:stable', nameless('remapIdentity')],
  ])('%j of %j refuses %s', (rule, image, signed, reason) => {
    expect(refuseIdentity(rule, image, signed)).toBe(reason);
  });
});
