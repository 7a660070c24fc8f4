import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { formatImageName, parseImageName } from '../../src/oci/image-name.ts';

const digest = digestOf('image');

describe('parseImageName', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:1', 'docker.io/library/busybox:1'],
    ['library/busybox', 'docker.io/library/busybox'],
    ['docker.io/busybox', 'docker.io/library/busybox'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox'],
    ['os/example', 'docker.io/os/example'],
    ['localhost/example', 'localhost/example'],
    ['localhost:5000/os/example:1', 'localhost:5000/os/example:1'],
    ['registry.example.com/os', 'registry.example.com/os'],
    ['Registry.Example.com/os', 'registry.example.com/os'],
    ['Docker.io/busybox', 'docker.io/library/busybox'],
    ['Index.Docker.io/os/example', 'docker.io/os/example'],
    ['LOCALHOST/example', 'localhost/example'],
    ['Machine/example', 'Machine/example'],
    [`registry.example.com/os@${digest}`, `registry.example.com/os@${digest}`],
  ])('expands %s', (text, name) => {
    const parsed = parseImageName(text);
    expect(parsed === undefined ? undefined : formatImageName(parsed)).toBe(name);
  });

  it.each([
    '',
    '/',
    'a.example/',
    'a.example/B',
    'a.example/b:',
    'a.example/b@sha256:12',
    'docker://a.example/b',
    'a b',
  ])('refuses "%s"', (text) => {
    expect(parseImageName(text)).toBeUndefined();
  });

  it('throws nothing, whatever it is given, and a name that was expanded stays as it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^([dD]ocker\.io|[iI]ndex\.docker\.io|[lL]ocalhost|[aA.:0]{1,4})\/[a/:@]{1,4}$/),
        ),
        (text) => {
          const name = parseImageName(text);
          if (name !== undefined) expect(parseImageName(formatImageName(name))).toEqual(name);
        },
      ),
    );
  });
});
