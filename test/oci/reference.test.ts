import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CosaError } from '../../src/lib/errors.ts';
import { parseReference, splitTagPattern } from '../../src/oci/reference.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;

describe('parseReference', () => {
  it.each([
    ['docker://quay.io/a/b', 'docker://quay.io/a/b', {}],
    ['docker://localhost:5000/os:41', 'docker://localhost:5000/os', { tag: '41' }],
    ['docker://[::1]:5000/os:41', 'docker://[::1]:5000/os', { tag: '41' }],
    [`docker://quay.io/os@${digest}`, 'docker://quay.io/os', { digest }],
    [`docker://quay.io/os:41@${digest}`, 'docker://quay.io/os', { tag: '41', digest }],
    ['oci:dir', 'oci:/top/dir', {}],
    ['oci:/a:b/dir', 'oci:/a:b/dir', {}],
    ['oci:/a:b/dir:stable', 'oci:/a:b/dir', { tag: 'stable' }],
    [`oci:../dir@${digest}`, 'oci:/dir', { digest }],
    ['oci-archive:os.tar:41', 'oci-archive:/top/os.tar', { tag: '41' }],
    ['stable-candidate', 'oci:/top/oci', { name: 'stable-candidate' }],
    ['41.20260102.0', 'oci:/top/oci', { name: '41.20260102.0' }],
    ['sha256:0123ab', 'oci:/top/oci', { name: 'sha256:0123ab' }],
    [digest, 'oci:/top/oci', { name: digest }],
  ])('reads %s', (text, place, selected) => {
    const { placeIn, ...rest } = parseReference(text);
    expect(rest).toEqual(selected);
    expect(placeIn('/top').format()).toBe(place);
  });

  it.each([
    ['', 'reference "": it is empty'],
    ['oci:', 'reference "oci:": nothing follows "oci:"'],
    ['oci::tag', 'reference "oci::tag": the path is empty'],
    ['oci:dir:', 'reference "oci:dir:": "" is not a tag: letters, digits, "_", "." and "-", at most 128'],
    ['docker://quay.io', 'reference "docker://quay.io": "quay.io" has no "/" between host and repository'],
    ['docker://-a/b', 'reference "docker://-a/b": "-a" is not a host name'],
    [
      'docker://a/B',
      'reference "docker://a/B": "B" is not a repository: lower-case letters, digits, ".", "_", "-" and "/"',
    ],
    [
      'docker://a/b@sha256:12',
      'reference "docker://a/b@sha256:12": "sha256:12" is not a digest: sha256: and 64 hexadecimal digits',
    ],
    [
      `docker://a/b:-@${digest}`,
      `reference "docker://a/b:-@${digest}": "-" is not a tag: letters, digits, "_", "." and "-", at most 128`,
    ],
    ['ftp:dir', 'reference "ftp:dir": "ftp" is not a transport that cosa knows'],
    ['./oci', 'reference "./oci": a tag has no "/"'],
    ['a b', 'reference "a b": it is no tag, version or digest prefix'],
  ])('refuses %j', (text, message) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID', exitStatus: 2, message }),
    );
  });

  it.each([
    ['localhost:5077/os:13.0.0', 'docker://localhost:5077/os:13.0.0'],
    ['[::1]:5000/os', 'docker://[::1]:5000/os'],
    ['registry.example.com:443/a/b', 'docker://registry.example.com:443/a/b'],
  ])('takes %s for a registry that lacks its transport', (text, hint) => {
    const [host] = text.split('/');
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        code: 'REFERENCE_INVALID',
        message: `reference "${text}": nothing says that "${host}" is a registry`,
        hint: `write ${hint}`,
      }),
    );
  });

  it.each([
    ['quay.io/os', 'for a directory write oci:quay.io/os; for a registry docker://quay.io/os'],
    ['/tmp', 'for a directory write oci:/tmp'],
    ['../oci', 'for a directory write oci:../oci'],
  ])('says what %s may be', (text, hint) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ hint }));
  });

  it('never fails but with its own error', () => {
    const part = fc.constantFrom('docker://', 'oci:', 'oci-archive:', ':', '/', '@', 'sha256:', 'a', '..', 'é', digest);
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 4 })), { maxLength: 6 }), (parts) => {
        const text = parts.join('');
        try {
          parseReference(text);
        } catch (error) {
          if (!(error instanceof CosaError)) throw error;
        }
      }),
    );
  });
});

describe('splitTagPattern', () => {
  it.each([
    ['docker://registry.example.com:5000/os/a:testing-*', 'docker://registry.example.com:5000/os/a', 'testing-*'],
    ['docker://registry.example.com/os:*', 'docker://registry.example.com/os', '*'],
    ['oci:/srv/oci:13.?', 'oci:/srv/oci', '13.?'],
    ['oci-archive:os.tar:*-candidate', 'oci-archive:os.tar', '*-candidate'],
    ['oci:/a:b/oci:1*', 'oci:/a:b/oci', '1*'],
    ['testing*', undefined, 'testing*'],
  ])('splits %s', (text, place, pattern) => {
    expect(splitTagPattern(text)).toEqual({ place, pattern });
  });

  it.each([
    'docker://registry.example.com/os:testing',
    'testing',
    'oci:dir',
    'oci:/srv/a*b/oci',
    'oci:di*r',
    'dir:test*',
  ])('finds no pattern in %s', (text) => {
    expect(splitTagPattern(text)).toBeUndefined();
  });

  it('refuses what no tag can look like', () => {
    expect(() => splitTagPattern('docker://registry.example.com/os:[ab]*')).toThrow(
      expect.objectContaining({
        code: 'TAG_PATTERN_INVALID',
        exitStatus: 2,
        message: 'reference "docker://registry.example.com/os:[ab]*": "[ab]*" is not a pattern for tags',
        hint: 'use letters, digits, "_", ".", "-", and "*" and "?" for what may be anything',
      }),
    );
  });
});
